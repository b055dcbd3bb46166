"""Tests of what an operator reads while images do not come, come late, or come elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
import time

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image

from slim_split_ros.msg import EncodedFrame, EncoderStatus, LinkReport
from support.processes import Process
from support.ros_peer import LIMIT_S, Peer
from support.split_system import (
    RELIABLE,
    SENSOR_DATA,
    SplitSystem,
    image_message,
    patch_pixels,
    start_node,
)

pytestmark = pytest.mark.ros

StartRobot = Callable[..., Process]


@pytest.fixture
def start_robot(tiny_bundle: Path, tmp_path: Path) -> Iterator[StartRobot]:
    """Give a function that starts the robot's node with parameters and remappings."""
    started: list[Process] = []

    def start(*remappings: str, **parameters: object) -> Process:
        started.append(start_node(
            'onboard', tmp_path / 'onboard.log', {'model': tiny_bundle, **parameters}, remappings))
        return started[-1]

    yield start
    for process in started:
        process.end()


def jpeg_message(pixels: np.ndarray | None = None) -> CompressedImage:
    pixels = patch_pixels() if pixels is None else pixels
    return CompressedImage(format='jpeg', data=cv2.imencode('.jpg', pixels)[1].tobytes())


def test_the_topic_and_its_transport_are_named_at_the_start(start_robot: StartRobot) -> None:
    robot = start_robot('image:=/camera/image_raw')
    robot.wait_for_output('listening to /camera/image_raw (raw)', LIMIT_S)


def test_a_camera_that_publishes_compressed_images_alone_is_named_with_the_parameter_to_set(
    peer: Peer, start_robot: StartRobot
) -> None:
    images = peer.publisher(CompressedImage, '/camera/image_raw/compressed', SENSOR_DATA)
    robot = start_robot('image:=/camera/image_raw')
    peer.repeat(
        lambda: images.publish(jpeg_message()),
        lambda: 'CompressedImage is on /camera/image_raw/compressed: set image_transport to '
                'compressed' in robot.output, 'the remedy')


def test_a_camera_of_another_quality_of_service_is_named(
    peer: Peer, start_robot: StartRobot
) -> None:
    robot = start_robot(**{'qos_overrides./image.subscription.reliability': 'reliable'})
    images = peer.publisher(Image, 'image', SENSOR_DATA)
    peer.repeat(
        lambda: images.publish(image_message(patch_pixels(), 1)),
        lambda: '/peer publishes it with an incompatible quality of service' in robot.output,
        'the obstacle')


@pytest.mark.parametrize('remapping', [
    'image:=/camera/image_raw', 'image/compressed:=/camera/image_raw/compressed'])
def test_compressed_images_come_from_where_image_is_remapped_to(
    peer: Peer, start_robot: StartRobot, remapping: str
) -> None:
    features = peer.listen(EncodedFrame, 'features', SENSOR_DATA)
    images = peer.publisher(CompressedImage, '/camera/image_raw/compressed', SENSOR_DATA)
    robot = start_robot(remapping, image_transport='compressed')
    peer.repeat(lambda: images.publish(jpeg_message()), lambda: features, 'features')
    assert 'listening to /camera/image_raw/compressed (compressed)' in robot.output


@pytest.mark.once
def test_an_image_that_waits_too_long_for_the_encoder_is_not_blamed_on_the_camera(
    peer: Peer, start_robot: StartRobot
) -> None:
    features = peer.listen(EncodedFrame, 'features', SENSOR_DATA)
    statuses = peer.listen(EncoderStatus, 'onboard/status', RELIABLE)
    images = peer.publisher(CompressedImage, 'image/compressed', SENSOR_DATA)
    robot = start_robot(image_transport='compressed', deadline_ms=20, target_fps=60.0)
    slow = jpeg_message(np.zeros((3000, 4000, 3), np.uint8))  # takes longer than the deadline

    def show_two() -> None:
        images.publish(slow)
        images.publish(slow)

    def waited_in_vain() -> int:
        newest = statuses[-1] if statuses else EncoderStatus()
        return dict(zip(newest.drop_reasons, newest.drop_counts, strict=True)).get(
            'encoder_busy', 0)

    peer.repeat(show_two, lambda: features and waited_in_vain() > 2, 'images dropped', 0.5)
    assert 'late' not in statuses[-1].drop_reasons
    assert 'old by its stamp' not in robot.output


def test_status_comes_in_simulated_time_that_nobody_publishes(
    peer: Peer, start_robot: StartRobot
) -> None:
    statuses = peer.listen(EncoderStatus, 'onboard/status', RELIABLE)
    start_robot(use_sim_time=True)
    peer.wait(lambda: len(statuses) > 1, 'two statuses')


def aged_image(age_s: float) -> Image:
    return image_message(patch_pixels(), time.time_ns() - round(1e9 * age_s))


def test_an_image_past_its_deadline_is_dropped_and_counted_and_one_within_it_is_served(
    system: SplitSystem
) -> None:
    system.settle()
    before = system.dropped().get('late', 0)
    system.publish(aged_image(1.5))
    system.peer.wait(
        lambda: system.dropped().get('late', 0) == before + 1, 'counting the drop')
    assert 'ms old by its stamp, deadline_ms is 300' in system.onboard.output

    assert system.peer.set_parameters('onboard', deadline_ms=10_000) == ''
    assert system.serve(aged_image(1.5)).detections
    assert system.peer.set_parameters('onboard', deadline_ms=300) == ''
    assert system.serve(aged_image(7200.0)).detections  # a recording
    assert system.serve(aged_image(-7200.0)).detections


def test_a_stamp_that_is_no_moment_costs_its_image_alone(system: SplitSystem) -> None:
    before = system.dropped().get('header', 0)
    image = image_message(patch_pixels(), system.next_stamp_ns())
    image.header.stamp.nanosec = 4_000_000_000
    system.publish(image)
    system.peer.wait(lambda: system.dropped().get('header', 0) == before + 1, 'counting it')
    assert system.serve(image_message(patch_pixels(), system.next_stamp_ns())).detections


@pytest.mark.once
def test_servers_that_take_over_from_each_other_are_named_once_each(
    peer: Peer, start_robot: StartRobot
) -> None:
    images = peer.publisher(Image, 'swapped/image', SENSOR_DATA)
    reports = peer.publisher(LinkReport, 'swapped/link_report', SENSOR_DATA)
    features = peer.listen(EncodedFrame, 'swapped/features', SENSOR_DATA)
    robot = start_robot('__ns:=/swapped')
    peer.repeat(
        lambda: images.publish(image_message(patch_pixels(), 1)), lambda: features, 'a frame')
    number = 0

    def report(*receiver_ids: int) -> None:
        nonlocal number
        number += 1
        for receiver_id in receiver_ids:
            reports.publish(LinkReport(
                sender_start=features[0].sender_start, report_sequence=number,
                receiver_id=receiver_id, sent_s=time.monotonic()))

    def report_for(limit_s: float, *receiver_ids: int) -> None:
        end_s = time.monotonic() + limit_s
        peer.repeat(lambda: report(*receiver_ids), lambda: time.monotonic() > end_s, 'the time')

    for receiver_id in (1, 2, 1):
        report_for(1.5, receiver_id)    # the other's silence
        report_for(0.5, 1, 2)
    robot.wait_for_output('0000000000000002 is followed', LIMIT_S)
    assert robot.output.count('0000000000000001 is followed') == 1
