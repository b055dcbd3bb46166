"""Does the rebuilt picture reach whoever listens, and does another detector work behind it?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, RegionOfInterest
from std_msgs.msg import Header
from vision_msgs.msg import (
    BoundingBox2D,
    Detection2D,
    Detection2DArray,
    LabelInfo,
    Point2D,
    Pose2D,
)

from slim_split_ros.ros.topics.messages import to_ns
from slim_split_ros.ros.topics.picture_topics import scale_camera_info
from slim_split_ros.ros.topics.qos import LATCHED, RELIABLE
from slim_split_ros.wire import FrameGeometry
from support.bundles import give_detector, write_tiny_bundle
from support.detector_graphs import constant_graph, save
from support.ros_peer import Peer
from support.split_system import FRAME_ID, HEIGHT, PATCH, WIDTH, SplitSystem, start_node

pytestmark = pytest.mark.ros

# What the model's input of 416 makes of 640x480.
SMALL_WIDTH, SMALL_HEIGHT = 416, 312
FULL_SIZE = FrameGeometry.fit(640, 480, long_side=416, multiple=32)


@pytest.fixture(scope='module')
def pictured_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp('pictured'), with_pictures=True)


@pytest.fixture
def start_system(
    ros: None, pictured_bundle: Path, tmp_path: Path
) -> Iterator[Callable[..., SplitSystem]]:
    """Give a function that starts both nodes, the server's with more parameters."""
    running: list[SplitSystem] = []

    def start(model: Path = pictured_bundle, **parameters: Any) -> SplitSystem:
        onboard = start_node('onboard', tmp_path / 'onboard.log', {
            'model': model, 'target_fps': 60.0})
        offboard = start_node('offboard', tmp_path / 'offboard.log', {
            'model': model, 'device': 'cpu', **parameters})
        running.append(SplitSystem(Peer('camera'), onboard, offboard))
        return running[-1]

    yield start
    for system in running:
        system.close()


def camera_info() -> CameraInfo:
    return CameraInfo(
        header=Header(frame_id=FRAME_ID), width=640, height=480,
        k=[500.0, 0.0, 320.0, 0.0, 500.0, 240.0, 0.0, 0.0, 1.0],
        p=[500.0, 0.0, 320.0, -50.0, 0.0, 500.0, 240.0, 0.0, 0.0, 0.0, 1.0, 0.0])


def test_picture_and_its_intrinsics_carry_the_cameras_header(
    start_system: Callable[..., SplitSystem]
) -> None:
    system = start_system()
    pictures = system.peer.listen(Image, 'offboard/picture', qos_profile_sensor_data)
    compressed = system.peer.listen(
        CompressedImage, 'offboard/picture/compressed', qos_profile_sensor_data)
    infos = system.peer.listen(CameraInfo, 'offboard/camera_info', qos_profile_sensor_data)
    camera = system.peer.publisher(CameraInfo, 'camera_info', qos_profile_sensor_data)
    shown: list[int] = []

    def show() -> None:
        camera.publish(camera_info())
        shown.append(system.show_patch())

    system.peer.repeat(show, lambda: pictures and compressed and infos, 'pictures and intrinsics')

    picture, info = pictures[-1], infos[-1]
    assert (picture.width, picture.height, picture.encoding) == (
        SMALL_WIDTH, SMALL_HEIGHT, 'bgr8')
    assert picture.header.frame_id == info.header.frame_id == FRAME_ID
    assert to_ns(picture.header.stamp) in shown and to_ns(info.header.stamp) in shown
    pixels = np.frombuffer(picture.data, np.uint8).reshape(SMALL_HEIGHT, SMALL_WIDTH, 3)
    assert pixels[94, 156].min() > 200 and pixels[20, 20].max() < 30  # the patch, and beside it
    decoded = cv2.imdecode(np.frombuffer(compressed[-1].data, np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape == pixels.shape
    assert list(info.k[:3]) == pytest.approx([325.0, 0.0, 208.0])


class BrightnessNode:
    """A detector's node as others write them: reliable, its boxes with the image's own header."""

    def __init__(self, peer: Peer) -> None:
        self._found = peer.publisher(Detection2DArray, 'yolo/detections', RELIABLE)
        peer.node.create_subscription(Image, 'offboard/picture', self._on_image, RELIABLE)

    def _on_image(self, image: Image) -> None:
        pixels = np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, 3)
        x, y, width, height = cv2.boundingRect((pixels.min(axis=2) > 128).astype(np.uint8))
        found = Detection2D(header=image.header, bbox=BoundingBox2D(
            center=Pose2D(position=Point2D(x=x + width / 2, y=y + height / 2)),
            size_x=float(width), size_y=float(height)))
        self._found.publish(Detection2DArray(header=image.header, detections=[found]))


def test_a_detectors_node_behind_the_picture_gives_boxes_with_the_cameras_stamps(
    start_system: Callable[..., SplitSystem]
) -> None:
    system = start_system(detector='none')
    BrightnessNode(system.peer)
    answers = system.peer.listen(Detection2DArray, 'yolo/detections', RELIABLE)
    shown: list[int] = []

    system.peer.repeat(lambda: shown.append(system.show_patch()), lambda: len(answers) >= 3,
                       'detections of another node')

    rows, columns = PATCH
    for answer in answers:
        assert to_ns(answer.header.stamp) in shown and answer.header.frame_id == FRAME_ID
        (found,) = answer.detections
        assert found.bbox.center.position.x == pytest.approx(
            SMALL_WIDTH / WIDTH * (columns.start + columns.stop) / 2, abs=8.0)
        assert found.bbox.center.position.y == pytest.approx(
            SMALL_HEIGHT / HEIGHT * (rows.start + rows.stop) / 2, abs=8.0)  # half a cell


def test_intrinsics_cross_the_link_only_while_somebody_wants_them(
    start_system: Callable[..., SplitSystem]
) -> None:
    system = start_system()
    node = system.peer.node
    camera = system.peer.publisher(CameraInfo, 'camera_info', qos_profile_sensor_data)
    pictures = system.peer.listen(Image, 'offboard/picture', qos_profile_sensor_data)
    system.peer.repeat(system.show_patch, lambda: pictures, 'a picture')
    assert camera.get_subscription_count() == 0

    for _ in range(2):
        infos: list[CameraInfo] = []
        listener = node.create_subscription(
            CameraInfo, 'offboard/camera_info', infos.append, qos_profile_sensor_data)

        def show() -> None:
            camera.publish(camera_info())
            system.show_patch()

        system.peer.repeat(show, lambda received=infos: received, 'intrinsics')
        node.destroy_subscription(listener)
        system.peer.wait(lambda: not camera.get_subscription_count(), 'the end of listening')


def test_intrinsics_of_another_frame_are_explained(
    start_system: Callable[..., SplitSystem]
) -> None:
    system = start_system()
    system.peer.listen(CameraInfo, 'offboard/camera_info', qos_profile_sensor_data)
    camera = system.peer.publisher(CameraInfo, 'camera_info', qos_profile_sensor_data)
    other = camera_info()
    other.header.frame_id = 'optical'

    def show() -> None:
        camera.publish(other)
        system.show_patch()

    system.peer.repeat(
        show, lambda: f"no camera_info of frame '{FRAME_ID}' came, of ['optical'] did"
        in system.offboard.output, 'a warning')


def test_decoder_without_a_detector_publishes_pictures_alone(
    start_system: Callable[..., SplitSystem]
) -> None:
    system = start_system(detector='none')
    system.peer.repeat(system.show_patch, lambda: len(system.features) > 3, 'frames unwatched')
    pictures = system.peer.listen(Image, 'offboard/picture', qos_profile_sensor_data)

    system.peer.repeat(system.show_patch, lambda: len(pictures) > 3, 'pictures')

    assert not system.detections
    assert 'Traceback' not in system.offboard.output


def test_another_detector_finds_in_the_cameras_pixels(
    start_system: Callable[..., SplitSystem], tmp_path: Path
) -> None:
    rows = np.float32([[[0, 80, 320, 200, 0.9, 2]]])
    file = save(constant_graph({'output0': rows}, 1, (1, 3, 640, 640)), tmp_path)
    system = start_system(detector=file)
    labels = system.peer.listen(LabelInfo, 'label_info', LATCHED)

    system.peer.repeat(system.show_patch, lambda: system.detections, 'detections')

    found, = system.detections[-1].detections
    assert found.results[0].hypothesis.class_id == 'car'
    assert (found.bbox.size_x, found.bbox.size_y) == pytest.approx((320.0, 120.0), abs=1.0)
    system.peer.wait_for_first(labels, what='label_info')
    assert labels[0].class_map[2].class_name == 'car'
    assert 'detector.onnx understood as end_to_end' in system.offboard.output


def test_detector_of_the_models_folder_names_what_it_finds(
    start_system: Callable[..., SplitSystem], tmp_path: Path
) -> None:
    folder = write_tiny_bundle(tmp_path / 'model', with_pictures=True)
    rows = np.float32([[[0, 80, 320, 200, 0.9, 1]]])
    graph = constant_graph({'output0': rows}, 1, (1, 3, 640, 640))
    give_detector(folder, save(graph, tmp_path), ('saucer', 'cup'))
    system = start_system(model=folder)
    labels = system.peer.listen(LabelInfo, 'label_info', LATCHED)
    drawn = system.peer.listen(Image, 'offboard/annotated', qos_profile_sensor_data)

    system.peer.repeat(
        system.show_patch, lambda: system.detections and drawn, 'detections, drawn too')

    found, = system.detections[-1].detections
    assert found.results[0].hypothesis.class_id == 'cup'
    assert (drawn[-1].width, drawn[-1].height) == (640, 480)
    system.peer.wait_for_first(labels, what='label_info')
    assert [entry.class_name for entry in labels[0].class_map] == ['saucer', 'cup']
    assert 'detector.onnx understood as end_to_end' in system.offboard.output


def test_wrong_detector_file_stops_no_pictures(
    start_system: Callable[..., SplitSystem], tmp_path: Path
) -> None:
    file = tmp_path / 'a.onnx'
    file.write_bytes(b'no graph')
    system = start_system(detector=file)
    pictures = system.peer.listen(Image, 'offboard/picture', qos_profile_sensor_data)

    system.peer.repeat(system.show_patch, lambda: pictures, 'a picture')

    assert f'{file} cannot be loaded' in system.offboard.output
    assert 'nothing is detected' in system.offboard.output


def test_intrinsics_follow_the_pictures_scale() -> None:
    scaled = scale_camera_info(camera_info(), 320, 120, FULL_SIZE, Header(frame_id='f'))

    assert (scaled.width, scaled.height, scaled.header.frame_id) == (320, 120, 'f')
    assert list(scaled.k) == [250.0, 0.0, 160.0, 0.0, 125.0, 60.0, 0.0, 0.0, 1.0]
    assert list(scaled.p) == [
        250.0, 0.0, 160.0, -25.0, 0.0, 125.0, 60.0, 0.0, 0.0, 0.0, 1.0, 0.0]


@pytest.mark.parametrize('binning', [0, 1, 2])
def test_intrinsics_without_a_size_are_of_the_image_that_was_encoded(binning: int) -> None:
    info = camera_info()
    info.width = info.height = 0
    info.binning_x = info.binning_y = binning
    # They are of the sensor's pixels.
    info.k[:6] *= max(1, binning)

    scaled = scale_camera_info(info, 320, 120, FULL_SIZE, Header())

    assert list(scaled.k) == [250.0, 0.0, 160.0, 0.0, 125.0, 60.0, 0.0, 0.0, 1.0]


def test_intrinsics_of_a_binned_window_of_the_sensor_become_those_of_the_picture() -> None:
    info = camera_info()
    # The middle of a sensor of twice the sides, every second pixel of it.
    info.width, info.height, info.binning_x, info.binning_y = 1280, 960, 2, 2
    info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height = 100, 50, 640, 480
    info.roi.do_rectify = True

    scaled = scale_camera_info(info, 320, 240, FULL_SIZE, Header())

    assert list(scaled.k) == [250.0, 0.0, 110.0, 0.0, 250.0, 95.0, 0.0, 0.0, 1.0]
    assert list(scaled.p) == [
        250.0, 0.0, 110.0, -25.0, 0.0, 250.0, 95.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    assert (scaled.binning_x, scaled.binning_y, scaled.roi) == (0, 0, RegionOfInterest())


def test_numbers_that_no_camera_has_end_nothing() -> None:
    info = camera_info()
    info.k, info.p = [1e308] * 9, [-1e308] * 12
    info.width, info.roi.x_offset, info.roi.width = 1, 2**32 - 1, 2**32 - 1

    assert scale_camera_info(info, 320, 120, FULL_SIZE, Header()).width == 320
