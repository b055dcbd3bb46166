"""
The quality of service with which each topic is published and subscribed.

History, depth and reliability can be overridden at start, for instance
`-p qos_overrides./features.publisher.reliability:=reliable`.
"""

from collections.abc import Callable
from copy import copy
from typing import Any

from rclpy.qos import (
    DurabilityPolicy,
    QoSProfile,
    ReliabilityPolicy,
    qos_profile_sensor_data,
)
from rclpy.qos_overriding_options import QoSOverridingOptions

SENSOR_DATA = qos_profile_sensor_data
# Reliable, so that rviz and recorders on their defaults receive it too.
RELIABLE = QoSProfile(depth=10)
# One image waits at most: nobody wants to see an old one.
NEWEST = QoSProfile(depth=1)
LATCHED = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)


def latched_by(writers: int) -> QoSProfile:
    """Return that of a subscription to which so many publishers latch a message each."""
    profile = copy(LATCHED)
    profile.depth = writers  # of all of them together
    return profile


# From a profile to the keyword arguments of a topic.
TopicOptions = Callable[[QoSProfile], dict[str, Any]]


def fixed(profile: QoSProfile) -> dict[str, Any]:
    """Return those of a topic that comes and goes: parameters would stay, and add up."""
    return {'qos_profile': profile}


def overridable(profile: QoSProfile) -> dict[str, Any]:
    """
    Return the keyword arguments of a topic whose reliability, depth and history may be set.

    By parameters at start. A copy of the profile: rclpy writes what is set into what it is given,
    and one overridden topic would change every other of the same profile.
    """
    return {
        'qos_profile': copy(profile),
        'qos_overriding_options': QoSOverridingOptions.with_default_policies()}
