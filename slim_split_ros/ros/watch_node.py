"""The state of every robot and server in reach, from the statuses that their nodes publish."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
import math
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from rclpy.subscription import Subscription

from slim_split_ros.msg import EncoderStatus, ServerStatus
from slim_split_ros.reports.watch_rows import RobotState, ServerState
from slim_split_ros.ros.topics.graph import topics_by_type

# Whoever publishes may be reliable or not.
_ANYHOW = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
# One topic for what all nodes of a fleet say at once.
_OF_ALL = QoSProfile(depth=100, reliability=ReliabilityPolicy.BEST_EFFORT)
_STATUS = '/status'
_LOOK_S = 1.0
MOST_TOPICS = 128
# Statuses come once a second.
_WINDOW_S = 3.0
_MOST_DIAGNOSTICS = 256
# As the aggregator of diagnostics has it: who says nothing for so long says nothing any more.
_STALE_S = 5.0


@dataclass(frozen=True, slots=True)
class Complaint:
    """Hold what a node says on /diagnostics beyond OK; level is WARN, ERROR or STALE."""

    level: str
    name: str
    message: str


@dataclass(slots=True)
class _Heard:
    """Hold the newest status of a node, when it came, and how the frames sent grew."""

    message: Any
    came_s: float
    growth: deque[tuple[float, int]] = field(default_factory=deque)


class Watch(Node):
    """Listen to all statuses that there are; what has just appeared is heard a second later."""

    def __init__(self) -> None:
        super().__init__('watch')
        self._robots: dict[str, _Heard] = {}
        self._servers: dict[str, _Heard] = {}
        self._complaints: dict[str, tuple[float, Complaint]] = {}
        self._topics: dict[str, Subscription] = {}
        self.create_subscription(
            DiagnosticArray, '/diagnostics', self._on_diagnostics, _OF_ALL)
        self.create_timer(_LOOK_S, self._look)
        self._look()

    def robots(self) -> list[RobotState]:
        """Return the onboard nodes by name."""
        return [_robot_state(name, heard) for name, heard in sorted(self._robots.items())]

    def servers(self) -> list[ServerState]:
        """Return the offboard nodes by name."""
        return [_server_state(name, heard) for name, heard in sorted(self._servers.items())]

    def complaints(self) -> list[Complaint]:
        """Return what is not OK by what was said lately, by name."""
        oldest_s = time.monotonic() - _STALE_S
        self._complaints = {
            name: said for name, said in self._complaints.items() if said[0] >= oldest_s}
        return [complaint for _, (_, complaint) in sorted(self._complaints.items())]

    def _look(self) -> None:
        kinds = {'slim_split_ros/msg/EncoderStatus': (EncoderStatus, self._robots),
                 'slim_split_ros/msg/ServerStatus': (ServerStatus, self._servers)}
        for topic in [topic for topic in self._topics if not self.count_publishers(topic)]:
            self.destroy_subscription(self._topics.pop(topic))
        there = topics_by_type(self)
        for name, (kind, heard) in kinds.items():
            for topic in there.get(name, []):
                if topic not in self._topics and len(self._topics) < MOST_TOPICS:
                    self._topics[topic] = self.create_subscription(
                        kind, topic, self._listener(topic.removesuffix(_STATUS), heard), _ANYHOW)

    def _listener(self, name: str, heard: dict[str, _Heard]) -> Callable[[Any], None]:
        def hear(message: EncoderStatus | ServerStatus) -> None:
            now_s = time.monotonic()
            if name not in heard and len(heard) >= MOST_TOPICS:
                del heard[min(heard, key=lambda other: heard[other].came_s)]
            known = heard.setdefault(name, _Heard(message, now_s))
            known.message, known.came_s = message, now_s
            if isinstance(message, EncoderStatus):
                known.growth.append((now_s, message.frames_sent))
                while len(known.growth) > 2 and now_s - known.growth[0][0] > _WINDOW_S:
                    known.growth.popleft()

        return hear

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        levels = {DiagnosticStatus.WARN: 'WARN', DiagnosticStatus.ERROR: 'ERROR',
                  DiagnosticStatus.STALE: 'STALE'}
        for status in message.status:
            level = levels.get(status.level)
            if level is None:
                self._complaints.pop(status.name, None)
            elif len(self._complaints) < _MOST_DIAGNOSTICS or status.name in self._complaints:
                self._complaints[status.name] = (
                    time.monotonic(), Complaint(level, status.name, status.message))


class WatchSession:
    """Run the node in a process that is not one; use it in a `with` statement."""

    def __enter__(self) -> 'WatchSession':
        # Ctrl-C is the caller's: rclpy would end the context in the middle of a call.
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        self.node = Watch()
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown()

    def listen(self, seconds: float) -> None:
        """Take what comes within a time, or the first of it."""
        self._executor.spin_once(timeout_sec=seconds)


def _robot_state(name: str, heard: _Heard) -> RobotState:
    message = heard.message
    return RobotState(
        node=name, silent_s=time.monotonic() - heard.came_s, state=message.state,
        coder=message.coder, width=round(message.width, 4), rate=message.rate, alone=message.alone,
        reason=message.reason, frames_per_s=_growth_per_s(heard.growth),
        rate_kbps=_known(message.rate_kbps), capacity_kbps=_known(message.capacity_kbps),
        backlog_ms=_known(message.backlog_ms), encode_ms=_known(message.encode_ms),
        answer_ms=_known(message.answer_ms), frames_in=message.frames_in,
        frames_sent=message.frames_sent, frames_answered=message.frames_answered,
        answers_late=message.answers_late, dropped=_counts(message))


def _server_state(name: str, heard: _Heard) -> ServerState:
    message = heard.message
    return ServerState(
        node=name, silent_s=time.monotonic() - heard.came_s, state=message.state,
        detector=message.detector, place=message.place, senders=message.senders,
        waiting=message.waiting, frames_per_s=_known(message.rate_fps),
        server_ms=_known(message.server_ms), rate_kbps=_known(message.rate_kbps),
        frames_in=message.frames_in, frames_served=message.frames_served,
        dropped=_counts(message))


def _counts(message: EncoderStatus | ServerStatus) -> dict[str, int]:
    # From outside: lists of two lengths are no reason to end.
    return dict(zip(message.drop_reasons, map(int, message.drop_counts), strict=False))


def _growth_per_s(growth: deque[tuple[float, int]]) -> float | None:
    if len(growth) < 2 or growth[-1][0] <= growth[0][0]:
        return None
    (first_s, first), (last_s, last) = growth[0], growth[-1]
    # A node that was started anew counts from 0.
    return max(0, last - first) / (last_s - first_s)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
