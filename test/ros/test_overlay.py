"""Does the overlay draw what was found on the robot's own image, and only while one looks?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
import math
from pathlib import Path

import numpy as np
import pytest
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image
from vision_msgs.msg import (
    Detection2D,
    Detection2DArray,
    ObjectHypothesis,
    ObjectHypothesisWithPose,
)

from slim_split_ros.ros.topics.messages import to_ns
from support.processes import Process
from support.ros_peer import Peer
from support.split_system import RELIABLE, image_message, patch_pixels, start_node

pytestmark = pytest.mark.ros
RELIABLE_IMAGE = {
    'qos_overrides./image.subscription.reliability': 'reliable',
    'qos_overrides./image.subscription.depth': 200}


def detections_of(image: Image, centre_x: float = 320.0) -> Detection2DArray:
    found = Detection2D(header=image.header, results=[ObjectHypothesisWithPose()])
    found.results[0].hypothesis.class_id, found.results[0].hypothesis.score = 'ball', 0.9
    found.bbox.center.position.x, found.bbox.center.position.y = centre_x, 240.0
    found.bbox.size_x = found.bbox.size_y = 100.0
    return Detection2DArray(header=image.header, detections=[found])


@pytest.fixture
def overlay(tmp_path: Path) -> Iterator[Process]:
    process = start_node('overlay', tmp_path / 'log', RELIABLE_IMAGE)
    yield process
    process.end()


def test_boxes_are_drawn_on_the_image_of_their_stamp(peer: Peer, overlay: Process) -> None:
    drawn = peer.listen(Image, 'overlay/image', QoSProfile(depth=5))
    images = peer.publisher(Image, 'image', RELIABLE)
    detections = peer.publisher(Detection2DArray, 'detections', RELIABLE)
    first = image_message(patch_pixels(), 1_000_000_000)
    second = image_message(patch_pixels(), 2_000_000_000)

    def publish() -> None:
        images.publish(first)
        images.publish(second)
        # What no detector gives, and nobody may be ended by.
        detections.publish(detections_of(first, math.nan))
        detections.publish(detections_of(second))

    peer.repeat(publish, lambda: any(to_ns(image.header.stamp) == 2_000_000_000
                                     for image in drawn), 'a drawn image')

    image = next(image for image in drawn if to_ns(image.header.stamp) == 2_000_000_000)
    pixels = np.frombuffer(image.data, np.uint8).reshape(480, 640, 3)
    changed = np.argwhere((pixels != patch_pixels()).any(axis=2))
    assert image.encoding == 'bgr8' and image.header == second.header
    assert abs(changed[:, 1].min() - 270) <= 2 and abs(changed[:, 0].max() - 290) <= 2
    assert overlay.is_running


@pytest.mark.parametrize('later_ns', [
    pytest.param(1, id='after'), pytest.param(-10**18, id='of another clock')])
def test_a_stamp_without_an_image_is_explained(
    later_ns: int, peer: Peer, overlay: Process
) -> None:
    peer.listen(Image, 'overlay/image', QoSProfile(depth=5))
    images = peer.publisher(Image, 'image', RELIABLE)
    detections = peer.publisher(Detection2DArray, 'detections', RELIABLE)
    stamps = count(10**18 + 10**9, 10**9)

    def publish() -> None:
        now_ns = next(stamps)
        images.publish(image_message(patch_pixels(), now_ns))
        detections.publish(detections_of(image_message(patch_pixels(), now_ns + later_ns)))

    peer.repeat(publish, lambda: 'remap `image` and `detections`' in overlay.output, 'a warning')


@pytest.mark.parametrize(('image_lag_s', 'detections_lag_s'), [
    # Over a radio that is slower with images than with boxes.
    pytest.param(1, 0, id='detections overtake their image'),
    # The first ones are answers to images from before anybody listened.
    pytest.param(0, 2, id='detections come later')])
def test_every_image_is_drawn_whichever_comes_first(
    image_lag_s: int, detections_lag_s: int, peer: Peer, overlay: Process
) -> None:
    drawn = peer.listen(Image, 'overlay/image', QoSProfile(depth=5))
    images = peer.publisher(Image, 'image', RELIABLE)
    detections = peer.publisher(Detection2DArray, 'detections', RELIABLE)
    seconds = count(3)

    def publish() -> None:
        now_s = next(seconds)
        detections.publish(detections_of(
            image_message(patch_pixels(), (now_s - detections_lag_s) * 10**9)))
        images.publish(image_message(patch_pixels(), (now_s - image_lag_s) * 10**9))

    def three_in_a_row() -> bool:
        came = [to_ns(image.header.stamp) for image in drawn]
        return any(
            third - first == 2 * 10**9 for first, third in zip(came, came[2:], strict=False))

    peer.repeat(publish, three_in_a_row, 'three drawn images that follow one another')
    assert 'not among the newest' not in overlay.output


def test_names_without_end_are_forgotten_and_end_nothing(peer: Peer, overlay: Process) -> None:
    drawn = peer.listen(Image, 'overlay/image', QoSProfile(depth=5))
    images = peer.publisher(Image, 'image', RELIABLE)
    detections = peer.publisher(Detection2DArray, 'detections', RELIABLE)
    stamps = count(10**9, 10**9)

    def publish() -> None:
        image = image_message(patch_pixels(), next(stamps))
        found = detections_of(image)
        # In three messages more than are remembered, as of a tracker that numbers what it sees.
        found.detections = [
            Detection2D(header=image.header, results=[ObjectHypothesisWithPose(
                hypothesis=ObjectHypothesis(class_id=f'{to_ns(image.header.stamp)} {number}'))])
            for number in range(4000)]
        images.publish(image)
        detections.publish(found)

    peer.repeat(publish, lambda: len(drawn) >= 4, 'four drawn images', limit_s=60.0)
    assert overlay.is_running
