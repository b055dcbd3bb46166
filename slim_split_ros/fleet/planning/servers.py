"""
Servers in virtual time: whose frame they serve when, by the very decisions of the offboard node.

Each robot's newest frame waits at its node (`Reception`), the node shares its time between its
robots (`Batches`), and nodes share the servers (`ServiceTurns`). What a frame takes was measured
before. Robots, and the way to them, are not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
import math
from typing import Protocol

from slim_split_ros.fleet.planning.costs import FrameCost, Way
from slim_split_ros.offboard import Batches, Received, Reception, Report, Turn
from slim_split_ros.offboard.decode import is_video
from slim_split_ros.offboard.turns import ServiceTurns
from slim_split_ros.wire import Frame, Manifest

# As often as the offboard node looks for reports that are due.
REPORT_POLL_S = 0.025
# Half of what a node takes (`MAX_SENDERS`): the plan leaves room for robots that come.
ROBOTS_A_NODE = 32
VIDEO = 'video'


class NodeRobot(Protocol):
    """Hear what comes back from the server; all times are of its clock."""

    def answer(self, sequence: int, arrival_s: float, now_s: float) -> None:
        """Hear that the detections of a frame are published now."""

    def refuse(self, sequence: int) -> None:
        """Hear that a frame lacks one that it needs."""

    def tell(self, report: Report, now_s: float) -> None:
        """Hear a report that leaves now."""


class EventQueue(Protocol):
    """Call an action at a time, with that time."""

    def push(self, time_s: float, action: Callable[[float], object]) -> None:
        """Plan an action."""


@dataclass(slots=True)
class ServerCounts:
    """Count what became of a robot's frames at the server."""

    received: int = 0
    served: int = 0
    took_place: int = 0     # a newer one came
    too_old: int = 0
    undecodable: int = 0


class _Turnwise(Reception):
    """Keep a robot's frame back while one of it is served: video is decoded in its order."""

    is_in_hand = False

    def newest_s(self) -> float | None:
        """Return when the newest frame came that can be served."""
        return None if self.is_in_hand else super().newest_s()

    @property
    def has_frame(self) -> bool:
        """Say whether a frame can be served."""
        return self.newest_s() is not None


@dataclass(slots=True)
class _Node:
    number: int
    robots: Mapping[str, NodeRobot]
    receptions: dict[str, _Turnwise]
    batches: Batches = field(default_factory=lambda: Batches(most=1))
    last_turn_s: float = -math.inf
    # Whose frame can be served: asking all of them at each event takes longer than all the rest.
    ready: set[str] = field(default_factory=set)

    def ask(self, robot: str) -> None:
        """Note whether a robot's frame can be served."""
        (self.ready.add if self.receptions[robot].has_frame else self.ready.discard)(robot)


class VirtualServers:
    """
    Serve frames of nodes on `count` servers; `busy_s` is what all of them worked until the end.

        servers = VirtualServers(manifest, costs.by_way(), [{'r1': robot}], 2, events, end_s=20.0)
        servers.receive('r1', frame, message_bytes, now_s)
    """

    def __init__(
        self, manifest: Manifest, costs: Mapping[Way, FrameCost],
        nodes: Sequence[Mapping[str, NodeRobot]], count: int, events: EventQueue, end_s: float,
    ) -> None:
        """Begin to report at once, until `end_s`; what is in hand by then is still served."""
        self._costs, self._events, self._end_s = costs, events, end_s
        self._symbols = next((way.coder for way in costs if way.coder != VIDEO), VIDEO)
        self._nodes = [
            _Node(number, robots, {name: _Turnwise(manifest, number + 1) for name in robots})
            for number, robots in enumerate(nodes)]
        self._node_of = {name: node for node in self._nodes for name in node.robots}
        self._turns: ServiceTurns[int] = ServiceTurns()
        self._idle = count
        self._decoded_video: dict[str, int] = {}
        self.count_from_now()
        for node in self._nodes:
            # Nodes were not started at one moment.
            self._events.push(REPORT_POLL_S * node.number / len(self._nodes),
                              partial(self._report, node))

    def count_from_now(self) -> None:
        """Forget what was counted, and the time that servers worked."""
        self.counts = {name: ServerCounts() for name in self._node_of}
        self.busy_s = 0.0

    def receive(self, robot: str, frame: Frame, message_bytes: int, now_s: float) -> None:
        """Let a frame that arrives now wait, and serve it if it is its turn."""
        node, counts = self._node_of[robot], self.counts[robot]
        counts.received += 1
        if node.receptions[robot].receive(Received(frame, message_bytes, now_s)):
            counts.took_place += 1
        node.ask(robot)
        self._begin(now_s)

    def _begin(self, now_s: float) -> None:
        """Let idle servers begin while frames wait."""
        while self._idle and now_s < self._end_s:
            waiting = [node.number for node in self._nodes if node.ready]
            if not waiting:
                return
            node = self._nodes[min(self._turns.of_round(waiting), key=lambda number: (
                self._nodes[number].last_turn_s, number))]
            batch, too_old = node.batches.next_batch(node.receptions, now_s)
            for robot, number in (+too_old).items():
                self.counts[robot].too_old += number
                node.ask(robot)
            for turn in batch:      # one at most
                self._serve(node, turn, now_s)

    def _serve(self, node: _Node, turn: Turn, now_s: float) -> None:
        """Let a server take a frame in hand."""
        node.last_turn_s = now_s
        node.receptions[turn.robot].is_in_hand = True
        node.ask(turn.robot)
        self._idle -= 1
        service_s, is_served = self._decode(node, turn)
        self.busy_s += min(service_s, self._end_s - now_s)
        self._events.push(
            now_s + service_s, partial(self._end, node, turn, service_s, is_served))

    def _decode(self, node: _Node, turn: Turn) -> tuple[float, bool]:
        """Decode a frame and those before it; give what serving takes, and whether it is."""
        *earlier, frame = *turn.received.earlier, turn.received.frame
        decoding_s = sum(self._cost(older).decode_ms for older in earlier
                         if self._is_decodable(turn.robot, older)) / 1000.0
        if not self._is_decodable(turn.robot, frame):
            self.counts[turn.robot].undecodable += 1
            node.robots[turn.robot].refuse(frame.header.sequence)
            return decoding_s, False
        node.receptions[turn.robot].decoded(turn.received)
        self.counts[turn.robot].served += 1
        return decoding_s + self._cost(frame).service_s, True

    def _is_decodable(self, robot: str, frame: Frame) -> bool:
        """Say whether the decoder has what a frame needs, and remember that it has this one."""
        if not is_video(frame):
            return True
        reference = frame.header.reference
        if reference is not None and reference != self._decoded_video.get(robot):
            return False
        self._decoded_video[robot] = frame.header.sequence
        return True

    def _cost(self, frame: Frame) -> FrameCost:
        header = frame.header
        return self._costs[Way(VIDEO if is_video(frame) else self._symbols, header.width,
                               header.rate, header.reference is None)]

    def _end(
        self, node: _Node, turn: Turn, service_s: float, is_served: bool, now_s: float
    ) -> None:
        reception, received = node.receptions[turn.robot], turn.received
        reception.is_in_hand = False
        node.ask(turn.robot)
        if is_served:
            reception.served(received, now_s)
            node.robots[turn.robot].answer(
                received.frame.header.sequence, received.arrival_s, now_s)
        node.batches.charge(node.receptions, [turn], [service_s])
        self._turns.charge(node.number, service_s)
        self._idle += 1
        self._begin(now_s)

    def _report(self, node: _Node, now_s: float) -> None:
        for name, reception in node.receptions.items():
            for report in reception.due_reports(now_s):
                node.robots[name].tell(report, now_s)
        if now_s < self._end_s:
            self._events.push(now_s + REPORT_POLL_S, partial(self._report, node))
