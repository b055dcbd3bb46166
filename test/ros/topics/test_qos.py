"""Tests of qualities of service that are overridden, each for its own topic."""

from __future__ import annotations

import pytest
import rclpy
from rclpy.parameter import Parameter
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import Image

from slim_split_ros.ros.topics.qos import SENSOR_DATA, overridable

pytestmark = pytest.mark.ros


def test_an_overridden_topic_leaves_others_of_the_same_profile_as_they_are(ros: None) -> None:
    node = rclpy.create_node('robot', parameter_overrides=[Parameter(
        'qos_overrides./features.publisher.reliability', value='reliable')])
    features = node.create_publisher(Image, 'features', **overridable(SENSOR_DATA))
    images = node.create_subscription(Image, 'image', print, **overridable(SENSOR_DATA))
    assert features.qos_profile.reliability == ReliabilityPolicy.RELIABLE
    assert images.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
    assert SENSOR_DATA.reliability == ReliabilityPolicy.BEST_EFFORT
    node.destroy_node()
