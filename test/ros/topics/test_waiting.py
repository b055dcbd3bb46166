"""Tests of what a node says while nothing comes on a topic it listens to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from slim_split_ros.msg import EncodedFrame, LinkReport
from slim_split_ros.ros.topics.messages import frame_message, to_stamp
from slim_split_ros.ros.topics.waiting import explain_silence
from slim_split_ros.wire import Frame, FrameGeometry, FrameHeader, load_manifest
from support.processes import wait_until
from support.ros_peer import Peer
from support.split_system import start_node

pytestmark = pytest.mark.ros

RELIABLE = QoSProfile(depth=1)
LIMIT_S = 20.0
STRANGE_NAMES = ('2a', 'c-d', 'x//y', '~z', '{q}', 'a b', 'é', 'n' * 300)


@pytest.fixture
def camera() -> Iterator[Node]:
    """Give a node of another participant: one participant gives a topic one type."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node('camera', namespace='/robot1', context=context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


class AmongStrangers(Node):
    """Be a node that sees topics of programs which are not of ROS, with names of their own."""

    def get_topic_names_and_types(self, *args: Any, **kwargs: Any) -> list[tuple[str, list[str]]]:
        """Return what is there, and theirs."""
        return [(f'/{name}/image', ['sensor_msgs/msg/Image']) for name in STRANGE_NAMES] + \
            super().get_topic_names_and_types(*args, **kwargs)


@pytest.fixture
def listener(ros: None) -> Iterator[Node]:
    """Give a node to explain silence to."""
    node = AmongStrangers('listener')
    yield node
    node.destroy_node()


@pytest.fixture
def explained(listener: Node) -> Callable[[str], None]:
    """Give a function that waits until the silence on /image is explained by some words."""
    subscription = listener.create_subscription(Image, 'image', lambda message: None, RELIABLE)
    remedies = {Image: 'remap the topic', CompressedImage: 'set image_transport to compressed'}

    def wait_for(words: str) -> None:
        wait_until(
            lambda: words in explain_silence(listener, subscription, remedies), LIMIT_S, words)

    return wait_for


def frame_of(bundle: Path) -> EncodedFrame:
    """Make the message of a frame that checks out."""
    manifest = load_manifest(bundle)
    header = FrameHeader(
        sender_start_ns=1, sequence=0, geometry=FrameGeometry.fit(640, 480, 416, 32), width=1.0,
        rate=0, fingerprint=manifest.fingerprint, stamp_ns=1, encode_ms=1.0)
    payload = bytes([manifest.coder])
    return frame_message(Frame(header, payload), Header(stamp=to_stamp(1)))


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


def test_neither_what_is_asked_for_in_vain_nor_rebuilt_pictures_are_offered(
    explained: Callable[[str], None], camera: Node
) -> None:
    camera.create_publisher(Image, '/offboard/annotated', RELIABLE)
    camera.create_publisher(CompressedImage, '/front/compressed', RELIABLE)
    asking = rclpy.create_node('asking')
    asking.create_subscription(Image, '/front/compressed', lambda message: None, RELIABLE)
    try:
        explained(
            'no node publishes it; sensor_msgs/msg/CompressedImage is on /front/compressed: set')
    finally:
        asking.destroy_node()


def test_what_the_node_hears_already_is_not_offered(
    explained: Callable[[str], None], camera: Node, listener: Node
) -> None:
    camera.create_publisher(Image, '/front/image', RELIABLE)
    explained('sensor_msgs/msg/Image is on /front/image: remap the topic')
    listener.create_subscription(Image, '/front/image', lambda message: None, RELIABLE)
    explained('no node publishes it; nor is sensor_msgs/msg/Image on any other topic that this')
    camera.create_publisher(Image, '/rear/image', RELIABLE)
    explained('no node publishes it; sensor_msgs/msg/Image is on /rear/image: remap the topic')


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
    explained('/robot1/camera publishes it, but nothing comes')


def test_a_server_in_simulated_time_without_a_clock_says_what_is_missing_and_reports(
    peer: Peer, tiny_bundle: Path, tmp_path: Path
) -> None:
    parameters = {'model': tiny_bundle, 'device': 'cpu', 'use_sim_time': True}
    offboard = start_node('offboard', tmp_path / 'offboard.log', parameters)
    reports = peer.listen(LinkReport, 'link_report', qos_profile_sensor_data)
    features = peer.publisher(EncodedFrame, 'other/features', qos_profile_sensor_data)
    try:
        offboard.wait_for_output('listening to /features', LIMIT_S)
        offboard.wait_for_output(
            'nothing on /features: no node publishes it; slim_split_ros/msg/EncodedFrame is on '
            '/other/features: set `robots` to these namespaces', LIMIT_S)
        peer.node.destroy_publisher(features)
        features = peer.publisher(EncodedFrame, 'features', qos_profile_sensor_data)
        frame = frame_of(tiny_bundle)
        peer.repeat(lambda: features.publish(frame), lambda: len(reports) > 3, 'reports')
    finally:
        offboard.end()
    assert offboard.output.count('nothing on /features') == 1
