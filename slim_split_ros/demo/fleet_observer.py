"""
What robots, their server and its cluster say while a fleet runs, as anyone beside them hears it.

It collects and judges nothing; what came of each robot is counted in `fleet_run.py`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
import time

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from vision_msgs.msg import Detection2DArray

from slim_split_ros.demo.observer import read_boxes
from slim_split_ros.evaluation.figures.matching import MatchCount, NamedBoxes, count_matches
from slim_split_ros.msg import EncoderStatus, ServerStatus
from slim_split_ros.ros.fleet_serving import PART
from slim_split_ros.ros.topics.messages import to_ns
from slim_split_ros.ros.topics.qos import RELIABLE

_ANYHOW = QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT)
_TRUTHS_KEPT = 200
_LEAST_IOU = 0.5
_MS_PER_NS = 1e-6


@dataclass(frozen=True, slots=True)
class RobotAnswer:
    """Hold when detections came back to a robot, how old their image was, and how right."""

    came_s: float
    age_ms: float
    match: MatchCount | None


@dataclass(slots=True)
class RobotHeard:
    """Collect what was heard of one robot."""

    answers: list[RobotAnswer] = field(default_factory=list)
    status: EncoderStatus | None = None


class FleetObserver(Node):
    """Listen to robots that share one camera, to the offboard node and to its diagnostics."""

    def __init__(self, robots: Sequence[str]) -> None:
        super().__init__('fleet_observer')
        self.robots = {name: RobotHeard() for name in robots}
        # Of the part of the diagnostics that is about the cluster.
        self.cluster: Mapping[str, str] = {}
        self.server: ServerStatus | None = None
        self._truths: OrderedDict[int, NamedBoxes] = OrderedDict()
        self.create_subscription(Detection2DArray, 'ground_truth', self._on_truth, RELIABLE)
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, _ANYHOW)
        self.create_subscription(ServerStatus, 'offboard/status', self._on_server, _ANYHOW)
        for name, heard in self.robots.items():
            self.create_subscription(
                Detection2DArray, f'{name}/onboard/detections', self._listener(heard), RELIABLE)
            self.create_subscription(
                EncoderStatus, f'{name}/onboard/status', self._status_listener(heard), _ANYHOW)

    @property
    def replicas(self) -> int:
        """How many replicas serve, as the offboard node says."""
        return int(self.cluster.get('replicas', '0'))

    @property
    def drops(self) -> dict[str, int]:
        """Frames that the server did not serve since its start, by reason."""
        if self.server is None:
            return {}
        return dict(zip(self.server.drop_reasons, self.server.drop_counts, strict=True))

    def _listener(self, heard: RobotHeard) -> Callable[[Detection2DArray], None]:
        def hear(message: Detection2DArray) -> None:
            stamp_ns = to_ns(message.header.stamp)
            truth = self._truths.get(stamp_ns)
            heard.answers.append(RobotAnswer(
                time.monotonic(), (time.time_ns() - stamp_ns) * _MS_PER_NS,
                count_matches(read_boxes(message), truth, _LEAST_IOU) if truth else None))

        return hear

    def _status_listener(self, heard: RobotHeard) -> Callable[[EncoderStatus], None]:
        def hear(message: EncoderStatus) -> None:
            heard.status = message

        return hear

    def _on_truth(self, message: Detection2DArray) -> None:
        self._truths[to_ns(message.header.stamp)] = read_boxes(message)
        if len(self._truths) > _TRUTHS_KEPT:
            self._truths.popitem(last=False)

    def _on_server(self, message: ServerStatus) -> None:
        self.server = message

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.endswith(f'offboard: {PART}'):
                self.cluster = {value.key: value.value for value in status.values} | {
                    'message': status.message}
