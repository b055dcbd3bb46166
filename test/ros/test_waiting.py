"""Tests of what a node says while nothing comes on a topic it listens to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image

from slim_split_ros.ros.waiting import explain_silence
from support.processes import wait_until

pytestmark = pytest.mark.ros

RELIABLE = QoSProfile(depth=1)
LIMIT_S = 20.0


@pytest.fixture
def camera() -> Iterator[Node]:
    """Give a node of another participant: one participant gives a topic one type."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node('camera', namespace='/robot1', context=context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


@pytest.fixture
def explained(ros: None) -> Iterator[Callable[[str], None]]:
    """Give a function that waits until the silence on /image is explained by some words."""
    node = rclpy.create_node('listener')
    subscription = node.create_subscription(Image, 'image', lambda message: None, RELIABLE)
    remedies = {Image: 'remap the topic', CompressedImage: 'set image_transport to compressed'}

    def wait_for(words: str) -> None:
        wait_until(
            lambda: words in explain_silence(node, subscription, remedies), LIMIT_S, words)

    yield wait_for
    node.destroy_node()


def test_a_topic_that_nobody_publishes_is_called_so(explained: Callable[[str], None]) -> None:
    explained('nothing on /image: no node publishes it; nor is sensor_msgs/msg/Image on any other')


def test_where_the_same_type_is_published_is_said(
    explained: Callable[[str], None], camera: Node
) -> None:
    camera.create_publisher(Image, '/front/image_raw', RELIABLE)
    explained('sensor_msgs/msg/Image is on /front/image_raw: remap the topic')


def test_where_there_are_only_compressed_images_the_remedy_is_said(
    explained: Callable[[str], None], camera: Node
) -> None:
    camera.create_publisher(CompressedImage, '/image/compressed', RELIABLE)
    explained('sensor_msgs/msg/CompressedImage is on /image/compressed: set image_transport')


def test_another_type_on_the_topic_is_named_with_its_node(
    explained: Callable[[str], None], camera: Node
) -> None:
    camera.create_publisher(CompressedImage, '/image', RELIABLE)
    explained('/robot1/camera publishes it as sensor_msgs/msg/CompressedImage, this node takes')


def test_an_incompatible_quality_of_service_is_named_with_its_node(
    explained: Callable[[str], None], camera: Node
) -> None:
    camera.create_publisher(Image, '/image', qos_profile_sensor_data)
    explained('/robot1/camera publishes it with an incompatible quality of service (Best effort')


def test_a_publisher_that_fits_and_sends_nothing_is_named(
    explained: Callable[[str], None], camera: Node
) -> None:
    camera.create_publisher(Image, '/image', RELIABLE)
    explained('/robot1/camera publishes it, but nothing came')
