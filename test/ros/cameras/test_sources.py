"""Tests of the nodes that stand for a camera: simulated, a folder, a bag."""

from __future__ import annotations

from array import array
from itertools import islice
from pathlib import Path
import signal

import cv2
from mcap.writer import Writer as McapWriter
import numpy as np
import pytest
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from vision_msgs.msg import Detection2DArray

from slim_split_ros.bags import BagImage, BagImageWriter
from slim_split_ros.msg import EncoderStatus
from slim_split_ros.ros.cameras.bag_camera_node import timed_images
from slim_split_ros.ros.cameras.camera_parameters import SimCameraSettings
from slim_split_ros.ros.cameras.omissions import Omissions
from slim_split_ros.ros.cameras.sim_camera_node import take_shots
from slim_split_ros.ros.topics.messages import to_ns
from slim_split_ros.simulation import CLASSES, Hall
from support.processes import Process
from support.ros_peer import Peer
from support.split_system import (
    RELIABLE,
    SENSOR_DATA,
    SplitSystem,
    box_rows,
    patch_pixels,
    start_node,
)

pytestmark = pytest.mark.ros

END_S = 60.0
RELIABLE_IMAGE = {'qos_overrides./image.publisher.reliability': 'reliable'}


def pixels_of(image: Image) -> np.ndarray:
    return np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, 3)


def test_the_simulated_camera_publishes_images_with_truth_and_intrinsics(
    peer: Peer, tmp_path: Path, nodes: list[Process]
) -> None:
    images = peer.listen(Image, 'image', QoSProfile(depth=100))
    infos = peer.listen(CameraInfo, 'camera_info', SENSOR_DATA)
    truths = peer.listen(Detection2DArray, 'ground_truth', RELIABLE)
    nodes.append(start_node('sim_camera', tmp_path / 'log', {
        'seed': 5, 'width': 320, 'height': 240, 'fps': 20.0, **RELIABLE_IMAGE}))
    peer.wait_for_first(images, infos, truths, what='of each message')
    images.clear()  # of the first ones the truth may have been told before anybody listened
    peer.wait(lambda: len(images) >= 10, 'ten images')
    image, info = images[-1], infos[-1]
    assert (image.width, image.height, image.encoding) == (320, 240, 'bgr8')
    assert image.header.frame_id == 'camera'
    assert (info.width, info.height, info.distortion_model) == (320, 240, 'equidistant')
    assert info.k[0] > 0.0 and len(info.d) == 4
    stamps = [to_ns(message.header.stamp) for message in images]
    assert stamps == sorted(set(stamps))
    peer.wait(
        lambda: set(stamps) <= {to_ns(truth.header.stamp) for truth in truths}, 'the truths')
    names = {
        detection.results[0].hypothesis.class_id
        for truth in truths for detection in truth.detections}
    assert names <= set(CLASSES)
    nodes[0].signal(signal.SIGINT)
    nodes[0].signal(signal.SIGINT)
    assert nodes[0].wait(END_S) == 0
    assert 'Traceback' not in nodes[0].output


def test_a_seed_gives_the_same_frames_again() -> None:
    settings = SimCameraSettings(seed=9, width=160, height=120)
    runs = [
        [timed.frame.image.data.tobytes() for timed in islice(take_shots(settings), 3)]
        for _ in range(2)]
    assert runs[0] == runs[1]
    other = next(take_shots(SimCameraSettings(seed=10, width=160, height=120)))
    assert other.frame.image.data.tobytes() != runs[0][0]


def test_what_a_shot_shows_and_its_truth_are_of_one_moment() -> None:
    settings = SimCameraSettings(seed=3, fps=20.0, width=320, height=240)
    hall = Hall(3, 320, 240)
    for number, timed in enumerate(islice(take_shots(settings), 4)):
        hall.step(1 / 20.0)
        frame, shot = hall.render(), timed.frame
        assert timed.due_s == pytest.approx(number / 20.0)
        assert np.array_equal(pixels_of(shot.image), frame.image)
        rows = box_rows(shot.truth)
        assert [row[2:] for row in rows] == [pytest.approx(box) for box in frame.boxes.tolist()]
        assert [row[1] for row in rows] == pytest.approx(frame.visibility.tolist())
        assert [row[0] for row in rows] == [CLASSES[label] for label in frame.labels]
        assert shot.image.header is shot.truth.header is shot.camera_info.header


def test_a_folder_is_published_and_the_node_ends_with_it(
    peer: Peer, tmp_path: Path, nodes: list[Process]
) -> None:
    folder = tmp_path / 'pictures'
    folder.mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / f'{number}.png'), np.full((48, 64, 3), 40 * number, np.uint8))
    images = peer.listen(Image, 'image', QoSProfile(depth=100))
    nodes.append(start_node('file_camera', tmp_path / 'log', {
        'source': folder, 'fps': 20.0, 'loop': True, **RELIABLE_IMAGE}))
    peer.wait_for_first(images, what='image')
    peer.wait(lambda: len(images) >= 6, 'two rounds')
    levels = [int(pixels_of(image).mean()) for image in images]
    rounds = [0, 40, 80] * 4
    first = rounds.index(levels[0])
    assert levels[:6] == rounds[first:first + 6]
    nodes.append(start_node('file_camera', tmp_path / 'log_2', {'source': folder, 'loop': False}))
    assert nodes[1].wait(END_S) == 0


@pytest.mark.parametrize(('node', 'parameters', 'words'), [
    ('file_camera', {}, 'source is empty'),
    ('file_camera', {'source': '/nowhere/at_all'}, '/nowhere/at_all does not exist'),
    ('bag_camera', {'bag': '/nowhere/at_all'}, '/nowhere/at_all does not exist'),
])
def test_a_source_that_is_missing_is_named_with_status_1(
    node: str, parameters: dict[str, str], words: str, tmp_path: Path, nodes: list[Process]
) -> None:
    nodes.append(start_node(node, tmp_path / 'log', parameters))
    assert nodes[0].wait(END_S) == 1
    assert words in nodes[0].output
    assert 'Traceback' not in nodes[0].output


@pytest.mark.parametrize(('node', 'parameter', 'name', 'words'), [
    ('file_camera', 'source', 'clip.avi', 'clip.avi gives no pictures'),
    ('file_camera', 'source', 'pictures', 'pictures gives no pictures'),
    ('bag_camera', 'bag', 'idle', 'idle: no messages that are images on /camera/image'),
    ('bag_camera', 'bag', 'cut.mcap', 'cut.mcap cannot be read as a bag'),
])
def test_a_looping_source_that_gives_nothing_is_named_with_status_1(
    node: str, parameter: str, name: str, words: str, tmp_path: Path, nodes: list[Process]
) -> None:
    write_useless_sources(tmp_path)
    nodes.append(start_node(node, tmp_path / 'log', {parameter: tmp_path / name, 'loop': True}))
    assert nodes[0].wait(END_S) == 1
    assert words in nodes[0].output
    assert len(nodes[0].output.splitlines()) < 12
    assert 'Traceback' not in nodes[0].output


def write_useless_sources(folder: Path) -> None:
    """Write a video of unknown codec, a folder of damage, a bag without messages, a cut one."""
    video = cv2.VideoWriter(
        str(folder / 'clip.avi'), cv2.VideoWriter_fourcc(*'MJPG'), 25.0, (64, 48))
    video.write(np.zeros((48, 64, 3), np.uint8))
    video.release()
    data = (folder / 'clip.avi').read_bytes()
    (folder / 'clip.avi').write_bytes(data.replace(b'MJPG', b'HEVC'))
    (folder / 'pictures').mkdir()
    (folder / 'pictures' / 'a.png').write_bytes(b'\x89PNG')
    (folder / 'cut.mcap').write_bytes(b'\x89MCAP0\r\n\1')
    with (folder / 'idle').open('wb') as stream:
        writer = McapWriter(stream)
        writer.start()
        schema = writer.register_schema('sensor_msgs/msg/Image', 'ros2msg', b'')
        writer.register_channel('/camera/image', 'cdr', schema)
        writer.finish()


def bag_image(recorded_ns: int) -> BagImage:
    return BagImage(recorded_ns, 0, 'head', 'rgb8', 2, 1, 6, False, np.zeros(6, np.uint8))


def test_a_bag_is_played_at_the_pace_of_its_recording_again_and_again(tmp_path: Path) -> None:
    with BagImageWriter(tmp_path / 'bag') as writer:
        for recorded_ns in (7_000_000_000, 7_400_000_000):
            writer.write('/image', bag_image(recorded_ns))
    frames = timed_images(tmp_path / 'bag', '/image', 2.0, True, Omissions(pytest.fail))
    due_s = [timed.due_s for timed in islice(frames, 4)]
    assert due_s == pytest.approx([0.0, 0.2, 0.3, 0.5])


def write_bag(path: Path, count: int) -> list[int]:
    """Write images of the patch, 50 ms apart, and return their stamps."""
    stamps = [1_700_000_000_000_000_000 + 50_000_000 * number for number in range(count)]
    data = patch_pixels().ravel()
    with BagImageWriter(path) as writer:
        for stamp_ns in stamps:
            writer.write('/head/image_raw', BagImage(
                stamp_ns + 7, stamp_ns, 'head', 'rgb8', 640, 480, 1920, False, data))
    return stamps


def test_a_bag_goes_through_both_nodes_under_its_own_headers(
    peer: Peer, tiny_bundle: Path, tmp_path: Path, nodes: list[Process]
) -> None:
    stamps = write_bag(tmp_path / 'bag', count=20)
    nodes.append(start_node('onboard', tmp_path / 'onboard.log', {
        'model': tiny_bundle, 'target_fps': 60.0, 'width': 1.0,  # pinned: nothing is skipped
        'qos_overrides./image.subscription.reliability': 'reliable'}))
    nodes.append(start_node('offboard', tmp_path / 'offboard.log', {
        'model': tiny_bundle, 'device': 'cpu'}))
    system = SplitSystem(peer, *nodes, image_qos=RELIABLE)
    system.warm_up()
    warm = len(system.features), len(system.detections)
    nodes.append(start_node('bag_camera', tmp_path / 'bag.log', {
        'bag': tmp_path / 'bag', 'restamp': False, 'speed': 0.2, 'wait_s': 60.0,
        **RELIABLE_IMAGE}))
    # A server that is busy skips frames, as it should, but never the last.
    peer.wait(lambda: system.detections_of(stamps[-1]), 'detections of the last image')
    peer.wait(lambda: len(system.features) == warm[0] + len(stamps), 'all features')
    features, detections = system.features[warm[0]:], system.detections[warm[1]:]
    assert [to_ns(message.header.stamp) for message in features] == stamps
    assert {to_ns(message.header.stamp) for message in detections} <= set(stamps)
    assert {message.header.frame_id for message in (*features, *detections)} == {'head'}
    assert all(message.detections for message in detections)
    assert nodes[2].wait(END_S) == 0


def test_a_bag_may_be_stamped_anew(peer: Peer, tmp_path: Path, nodes: list[Process]) -> None:
    stamps = write_bag(tmp_path / 'bag', count=5)
    images = peer.listen(Image, 'image', QoSProfile(depth=100))
    nodes.append(start_node('bag_camera', tmp_path / 'log', {
        'bag': tmp_path / 'bag', 'speed': 2.0, 'wait_s': 60.0, **RELIABLE_IMAGE}))
    peer.wait_for_first(images, what='image')
    peer.wait(lambda: len(images) == 5, 'five images')
    assert images[0].data == array('B', patch_pixels().tobytes())
    assert all(to_ns(image.header.stamp) > max(stamps) for image in images)
    assert nodes[0].wait(END_S) == 0
    assert f'{tmp_path / "bag"} has ended: 5 images published' in nodes[0].output


def test_images_that_the_transport_loses_are_counted_and_the_remedy_is_named(
    peer: Peer, tiny_bundle: Path, tmp_path: Path, nodes: list[Process]
) -> None:
    # Without the profile a raw 640x480 image does not fit Fast DDS's shared-memory segment.
    plain = {'FASTRTPS_DEFAULT_PROFILES_FILE': '', 'FASTDDS_DEFAULT_PROFILES_FILE': ''}
    statuses = peer.listen(EncoderStatus, 'onboard/status', RELIABLE)
    folder = tmp_path / 'pictures'
    folder.mkdir()
    cv2.imwrite(str(folder / 'patch.png'), patch_pixels())
    nodes.append(start_node(
        'onboard', tmp_path / 'onboard.log', {'model': tiny_bundle}, environment=plain))
    nodes.append(start_node('file_camera', tmp_path / 'source.log', {
        'source': folder, 'fps': 30.0}, environment=plain))
    peer.wait_for_first(statuses, what='status')
    peer.wait(lambda: 'message_lost' in statuses[-1].drop_reasons, 'a loss')
    assert 'load config/fastdds_large_images.xml' in nodes[0].output


def test_a_bag_may_bring_its_own_time(peer: Peer, tmp_path: Path, nodes: list[Process]) -> None:
    stamps = write_bag(tmp_path / 'bag', count=5)
    images = peer.listen(Image, 'image', QoSProfile(depth=100))
    times = peer.listen(Clock, '/clock', QoSProfile(depth=1000))
    nodes.append(start_node('bag_camera', tmp_path / 'log', {
        'bag': tmp_path / 'bag', 'clock': True, 'wait_s': 60.0, **RELIABLE_IMAGE}))
    peer.wait_for_first(images, what='image')
    peer.wait(lambda: len(images) == 5, 'five images')
    # An image may overtake the time that was published before it.
    peer.wait(lambda: to_ns(times[-1].clock) >= stamps[-1] + 7, 'the time of the last image')
    assert [to_ns(image.header.stamp) for image in images] == stamps
    clock_ns = [to_ns(message.clock) for message in times]
    assert clock_ns == sorted(clock_ns)
    # From the first image on, and steps in between.
    assert stamps[0] < clock_ns[0]
    assert len(set(clock_ns)) > 5
    assert nodes[0].wait(END_S) == 0
