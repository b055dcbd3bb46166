"""Tests of the way back: what the server found, as the robot's own nodes get it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image
from vision_msgs.msg import Detection2DArray, LabelInfo, VisionClass

from slim_split_ros.msg import Answer, EncodedFrame, EncoderStatus
from slim_split_ros.ros.topics.answers import answer_message, read_answer
from slim_split_ros.ros.topics.messages import to_ns
from slim_split_ros.wire import FrameGeometry, FrameHeader, read_frame
from slim_split_ros.wire.answer import pack_answer, seal_names
from slim_split_ros.wire.authentication import TAG_BYTES
from slim_split_ros.wire.message_size import answer_bytes
from support.bundles import CLASSES
from support.processes import Process
from support.ros_peer import Peer
from support.split_system import (
    RELIABLE,
    SENSOR_DATA,
    SplitSystem,
    box_rows,
    image_message,
    patch_pixels,
    start_node,
)

pytestmark = pytest.mark.ros

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
HEADER = FrameHeader(
    sender_start_ns=1_795_000_000_123_456_789, sequence=7,
    geometry=FrameGeometry.fit(640, 480, 416, 32), width=0.75, rate=1, fingerprint=1,
    stamp_ns=1_795_000_001_000_000_003, encode_ms=1.0, frame_id='camera')


def answer_to(header: FrameHeader, names: tuple[str, ...], labels: list[int]) -> Answer:
    count = len(labels)
    boxes = np.tile(np.array([[10.0, 20.0, 30.0, 40.0]], np.float32), (count, 1))
    return answer_message(pack_answer(
        header, boxes, np.full(count, 0.5, np.float32), np.array(labels, np.int64),
        seal_names(names)))


@pytest.mark.parametrize('tag_bytes', [0, TAG_BYTES])
@pytest.mark.parametrize('count', [0, 1, 2, 20, 1000])
def test_an_answer_survives_the_wire_in_as_many_bytes_as_are_counted(
    count: int, tag_bytes: int
) -> None:
    message = answer_to(HEADER, CLASSES, [count % 4] * count)
    message.tag = bytes(tag_bytes)
    serialized = serialize_message(message)
    read = read_answer(deserialize_message(serialized, Answer))
    assert len(serialized) == answer_bytes(count, tag_bytes)
    assert (read.sender_start_ns, read.stamp_ns, read.sequence, read.class_names) == (
        HEADER.sender_start_ns, HEADER.stamp_ns, 7, seal_names(CLASSES))
    assert len(read.scores) == count


def test_twenty_boxes_are_within_400_bytes_with_everything_that_the_network_adds() -> None:
    # RTPS: 20 of header, 12 of timestamp, 16 of destination, 24 of DATA; UDP 8, IPv4 20.
    assert answer_bytes(20, TAG_BYTES) + 20 + 12 + 16 + 24 + 8 + 20 <= 400
    assert answer_bytes(20) - answer_bytes(0) <= 16 * 20


def test_detections_come_to_the_robot_under_the_header_of_the_camera(
    system: SplitSystem
) -> None:
    back = system.peer.listen(Detection2DArray, 'onboard/detections', RELIABLE)
    system.peer.repeat(system.show_patch, lambda: back, 'detections at the robot')
    image = image_message(patch_pixels(), system.next_stamp_ns())
    image.header.stamp.nanosec = 123_456_789
    served = system.serve(image)
    system.peer.wait(lambda: back[-1].header == image.header, 'the same at the robot')
    rows, expected = box_rows(back[-1]), box_rows(served)
    assert rows
    assert [row[0] for row in rows] == [row[0] for row in expected]
    for row, other in zip(rows, expected, strict=True):
        assert row[1:] == pytest.approx(other[1:], abs=0.02)
    assert {detection.header == image.header for detection in back[-1].detections} == {True}


def test_status_counts_what_came_back_and_how_soon(system: SplitSystem) -> None:
    before = system.statuses[-1].frames_answered
    system.settle()
    system.peer.wait(
        lambda: system.statuses[-1].frames_answered > before
        and system.statuses[-1].answer_ms > 0.0, 'an answer in the status')
    assert system.statuses[-1].frames_answered <= system.statuses[-1].frames_sent


class Robot:
    """Hold an onboard node without a server: the test answers."""

    def __init__(self, peer: Peer, process: Process) -> None:
        self.peer, self.process = peer, process
        self.images = peer.publisher(Image, 'alone/image', SENSOR_DATA)
        self.answers: Publisher = peer.publisher(Answer, 'alone/answer', SENSOR_DATA)
        self.features = peer.listen(EncodedFrame, 'alone/features', SENSOR_DATA)
        self.detections = peer.listen(Detection2DArray, 'alone/onboard/detections', RELIABLE)
        self.statuses = peer.listen(EncoderStatus, 'alone/onboard/status', RELIABLE)
        self._stamp_ns = 1_000_000_000_000

    def frame(self) -> FrameHeader:
        """Show an image and return the header of its frame."""
        count = len(self.features)
        self.peer.repeat(self._show, lambda: len(self.features) > count, 'a frame')
        return read_frame(self.features[-1]).header

    def _show(self) -> None:
        self._stamp_ns += 1_000_000_007
        self.images.publish(image_message(patch_pixels(), self._stamp_ns))

    def refused(self) -> int:
        """Return how many answers were refused, by the newest status."""
        return self.statuses[-1].answers_refused if self.statuses else 0

    def refused_by_now(self) -> int:
        """Return how many were, once a status has come that counts all that came before."""
        heard = len(self.statuses)
        self.peer.wait(lambda: len(self.statuses) > heard + 1, 'a status of now')
        return self.refused()


@pytest.fixture
def robot(peer: Peer, tiny_bundle: Path, tmp_path: Path) -> Iterator[Robot]:
    process = start_node(
        'onboard', tmp_path / 'log', {'model': tiny_bundle}, ['__ns:=/alone'])
    running = Robot(peer, process)
    header = running.frame()
    message = answer_to(header, CLASSES, [2])
    peer.repeat(lambda: running.answers.publish(message), lambda: running.detections, 'answers')
    yield running
    process.end()


def test_forged_old_and_repeated_answers_are_counted_and_come_to_nothing(robot: Robot) -> None:
    good = answer_to(robot.frame(), CLASSES, [2])
    spoilt = [answer_to(robot.frame(), CLASSES, [2]) for _ in range(4)]
    spoilt[0].sequence += 1000
    spoilt[1].stamp.nanosec += 1
    spoilt[2].scores.append(1)
    spoilt[3].corners[0] = 65535
    robot.answers.publish(good)
    robot.peer.wait(lambda: to_ns(robot.detections[-1].header.stamp) == to_ns(good.stamp), 'it')
    count, before = len(robot.detections), robot.refused_by_now()
    for message in (good, *spoilt):
        robot.answers.publish(message)
    robot.peer.wait(lambda: robot.refused() >= before + 5, 'counting them')
    assert len(robot.detections) == count
    for reason in ('duplicate', 'unknown', 'damaged'):
        assert f'({reason}; ' in robot.process.output


def test_answers_to_other_robots_on_the_same_topic_are_none_of_this_one_s(robot: Robot) -> None:
    other = answer_to(robot.frame(), CLASSES, [2])
    other.sender_start.sec += 1
    own = answer_to(robot.frame(), CLASSES, [2])
    count, before = len(robot.detections), robot.refused_by_now()
    robot.answers.publish(other)
    robot.answers.publish(own)
    robot.peer.wait(lambda: len(robot.detections) > count, 'the own answer')
    assert len(robot.detections) == count + 1
    assert robot.refused_by_now() == before


def test_classes_of_another_detector_are_named_by_label_info_and_numbers_until_it_comes(
    robot: Robot
) -> None:
    names = ('apple', '', 'pear')

    def answered(labels: list[int]) -> list[str]:
        count = len(robot.detections)
        robot.answers.publish(answer_to(robot.frame(), names, labels))
        robot.peer.wait(lambda: len(robot.detections) > count, 'detections')
        return [row[0] for row in box_rows(robot.detections[-1])]

    assert answered([2, 0]) == ['2', '0']
    labels = robot.peer.publisher(LabelInfo, 'alone/label_info', LATCHED)
    labels.publish(LabelInfo(class_map=[
        VisionClass(class_id=number, class_name=name)
        for number, name in enumerate(names) if name]))
    robot.peer.wait(labels.get_subscription_count, 'the subscription')
    said: list[list[str]] = []
    robot.peer.repeat(
        lambda: said.append(answered([2, 0])), lambda: said and said[-1] == ['pear', 'apple'],
        'the names')
    assert answered([7]) == ['7']  # a class that nobody named
