"""Does a replay send what the live nodes send, in messages that ROS reads?"""

from __future__ import annotations

from pathlib import Path

import pytest
from rclpy.serialization import deserialize_message
from rosbags.rosbag2 import Reader
from sensor_msgs.msg import CompressedImage
from vision_msgs.msg import Detection2DArray, LabelInfo

from bags.test_replay import TOPIC, as_it_comes, image, plan
from slim_split_ros.bags import BagImageWriter
from slim_split_ros.bags.replay.session import replay_images
from slim_split_ros.msg import Answer, EncodedFrame, EncoderStatus, LinkReport
from slim_split_ros.ros.topics.answers import read_answer
from slim_split_ros.ros.topics.messages import read_report, to_ns
from slim_split_ros.wire import read_frame
from support.bundles import write_tiny_bundle
from support.processes import Process
from support.ros_peer import Peer
from support.split_system import RELIABLE, start_node

pytestmark = pytest.mark.ros

KINDS = {
    '/features': EncodedFrame, '/answer': Answer, '/detections': Detection2DArray,
    '/label_info': LabelInfo, '/onboard/status': EncoderStatus, '/link_report': LinkReport,
    '/offboard/picture/compressed': CompressedImage}


def read_all(bag: Path) -> dict[str, list]:
    messages: dict[str, list] = {}
    with Reader(bag) as reader:
        for connection, _, data in reader.messages():
            messages.setdefault(connection.topic, []).append(
                deserialize_message(bytes(data), KINDS[connection.topic]))
    return messages


def write_recording(folder: Path, count: int) -> Path:
    with BagImageWriter(folder / 'recorded') as writer:
        for number in range(count):
            writer.write(TOPIC, image(number))
    return folder / 'recorded'


def test_ros_reads_every_message_that_a_replay_writes(tmp_path: Path) -> None:
    model = write_tiny_bundle(tmp_path / 'model', with_pictures=True)
    replay_images(plan(write_recording(tmp_path, 4), model), tmp_path / 'bag',
                  as_it_comes, as_it_comes)

    messages = read_all(tmp_path / 'bag')

    assert set(messages) == set(KINDS)
    # Fields and checksum hold.
    assert [read_frame(message).header.sequence for message in messages['/features']] == [
        0, 1, 2, 3]
    assert read_report(messages['/link_report'][-1]).arrivals[-1].sequence == 3
    assert all(message.detections for message in messages['/detections'])
    answer = read_answer(messages['/answer'][0])
    boxes = [found.bbox for found in messages['/detections'][0].detections]
    assert answer.boxes(128, 96)[:, 2] == pytest.approx([box.size_x for box in boxes], abs=0.01)
    assert messages['/onboard/status'][0].reason == 'pinned'


def test_live_nodes_send_the_same_bytes_at_a_pinned_width(
    peer: Peer, tiny_bundle: Path, tmp_path: Path, nodes: list[Process]
) -> None:
    recording = write_recording(tmp_path, 12)
    replay_images(plan(recording, tiny_bundle, 0.75), tmp_path / 'bag', as_it_comes, as_it_comes)
    expected = {to_ns(message.header.stamp): bytes(message.payload)
                for message in read_all(tmp_path / 'bag')['/features']}
    received = peer.listen(EncodedFrame, 'features', RELIABLE)
    nodes.append(start_node('onboard', tmp_path / 'onboard.log', {
        'model': tiny_bundle, 'target_fps': 60.0, 'width': 0.75,
        'qos_overrides./features.publisher.reliability': 'reliable',
        'qos_overrides./image.subscription.reliability': 'reliable'}))
    nodes.append(start_node('bag_camera', tmp_path / 'camera.log', {
        'bag': recording, 'restamp': False, 'loop': True, 'wait_s': 60.0,
        'qos_overrides./image.publisher.reliability': 'reliable'}))
    peer.wait_for_first(received, what='frame')
    # Nothing is encoded while nobody listens, so the first round may begin late.
    peer.wait(lambda: {to_ns(message.header.stamp) for message in received} == set(expected),
              'a frame of every image')

    assert all(bytes(message.payload) == expected[to_ns(message.header.stamp)]
               for message in received)
