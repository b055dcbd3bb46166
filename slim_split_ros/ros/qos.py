"""
Answer with which quality of service each topic is published and subscribed.

Every topic can be overridden, for instance
`-p qos_overrides./features.publisher.reliability:=reliable`.
"""

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


def overridable() -> QoSOverridingOptions:
    """Let reliability, depth and history of a topic be set by parameters at start."""
    return QoSOverridingOptions.with_default_policies()
