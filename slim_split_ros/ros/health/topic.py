"""The topic `/diagnostics` of a node, once a second."""

from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from slim_split_ros.ros.health.findings import Finding, diagnostic_array
from slim_split_ros.ros.topics.qos import RELIABLE, overridable
from slim_split_ros.ros.topics.waiting import steady_clock

_PERIOD_S = 1.0


class DiagnosticsTopic:
    """Publish what `judge` returns; absolute by convention, as its viewers have it."""

    def __init__(self, node: Node, judge: Callable[[], list[Finding]]) -> None:
        self._node = node
        self._judge = judge
        self._publisher = node.create_publisher(
            DiagnosticArray, '/diagnostics', **overridable(RELIABLE))
        node.create_timer(_PERIOD_S, self._publish, clock=steady_clock())

    def _publish(self) -> None:
        name = self._node.get_fully_qualified_name().removeprefix('/')
        self._publisher.publish(
            diagnostic_array(name, self._judge(), self._node.get_clock().now().to_msg()))
