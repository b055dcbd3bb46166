"""A fleet in virtual time: robots of the link lab before the servers of the plan, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
import math
import random
import statistics

from slim_split_ros.control import (
    ControlSettings,
    LinkReportData,
    OperatingPoints,
    WidthController,
)
from slim_split_ros.fleet.planning import (
    ROBOTS_A_NODE,
    FrameCost,
    ServerCounts,
    Through,
    VirtualServers,
    Way,
)
from slim_split_ros.linklab import (
    EmulatedRobot,
    Events,
    FrameRow,
    FrameTable,
    RobotOutcome,
    Schedule,
    SentMessage,
    Trace,
    TraceShare,
    emulate,
    make_frames,
    parse_trace,
    summarize_robot,
)
from slim_split_ros.offboard import Report
from slim_split_ros.onboard import Encoded
from slim_split_ros.wire import Frame, FrameHeader, Manifest

# A table of sizes has a number for each frame and point; a thousand of them would take gigabytes.
FRAME_TABLES = 16
# Robots learn of link and server with small frames first; those are no fleet's everyday.
WARM_UP_S = 3.0
# The air differs over a trace: what comes through is the mean from so many moments on.
_BEGINS = 8
_UNLIMITED = 't_s,rate_kbps,delay_ms,loss\n0,1e8,1,0\n'


@dataclass(frozen=True, slots=True)
class FleetRun:
    """
    Hold what is simulated; `control` has pace, deadline and policy of each robot.

    `trace` is the air of one cell, None where nothing limits the links. What happens before
    `seconds`, for WARM_UP_S, is not counted.
    """

    robots: int
    servers: int
    cells: int
    seconds: float
    control: ControlSettings
    trace: Trace | None = None
    seed: int = 0

    def schedule(self, server_s: float, phase_s: float = 0.0) -> Schedule:
        """Give the times of one robot."""
        return Schedule(self.control.deadline_s, self.control.target_fps, server_s, self.end_s,
                        with_loss=True, phase_s=phase_s)

    @property
    def end_s(self) -> float:
        """Give when the run is over."""
        return WARM_UP_S + self.seconds

    def counted(self, rows: Sequence[FrameRow]) -> list[FrameRow]:
        """Leave out a robot's start, and what its camera offered after the end."""
        return [row for row in rows if WARM_UP_S <= row.captured_s < self.end_s]

    def share(self, robot: int) -> Trace | TraceShare:
        """Give a robot's part of the air; robots meet the trace at moments of their own."""
        if self.trace is None:
            return parse_trace(_UNLIMITED, 'unlimited')
        in_cell = len(range(robot % self.cells, self.robots, self.cells))
        return TraceShare(self.trace, self.trace.duration_s * robot / self.robots, in_cell)

    def nodes(self) -> list[list[int]]:
        """Say which robots each offboard node has: those of a cell, or part of them."""
        groups = [list(range(cell, self.robots, self.cells))
                  for cell in range(min(self.cells, self.robots))]
        return [group[part::parts] for group in groups
                for parts in [math.ceil(len(group) / ROBOTS_A_NODE)] for part in range(parts)]


@dataclass(frozen=True, slots=True)
class FleetOutcome:
    """Hold what became of each robot's frames, and of the servers' time."""

    robots: list[RobotOutcome]
    counts: list[ServerCounts]
    utilisation: float
    served_by_second: list[int]

    def total(self, figure: str) -> int:
        """Sum a figure of all robots."""
        return sum(getattr(robot, figure) for robot in self.robots)

    @property
    def fairness(self) -> float:
        """Divide what the worst served robot got by what the best served one did."""
        served = [robot.served for robot in self.robots]
        return min(served) / max(served) if max(served) else 1.0


def simulate_fleet(
    run: FleetRun, manifest: Manifest, points: OperatingPoints, costs: Mapping[Way, FrameCost],
    samples: Mapping[Way, Encoded], tick: Callable[[], object] = lambda: None,
) -> FleetOutcome:
    """
    Let robots send for so many seconds, and everything that was sent come to its end.

    The same arguments give the same outcome. `tick` is called each second of virtual time.
    """
    events, dice = Events(), random.Random(run.seed)
    connections = [_Connection(number, manifest, samples) for number in range(run.robots)]
    servers = VirtualServers(
        manifest, costs, [{str(number): connections[number] for number in node}
                          for node in run.nodes()], run.servers, events, run.end_s)
    service_s = _mean_service_s(costs)
    tables = _frame_tables(run, points)
    for number, connection in enumerate(connections):
        schedule = run.schedule(service_s, dice.random() / run.control.target_fps)
        connection.begin(servers, EmulatedRobot(
            run.share(number), tables[number % len(tables)], schedule,
            WidthController(points, run.control), run.seed + number, events, connection))
    events.push(WARM_UP_S, lambda now_s: servers.count_from_now())
    for second in range(1, math.ceil(run.end_s) + 1):
        events.push(float(second), lambda now_s: tick())
    events.run()
    counted = [run.counted(connection.robot.rows) for connection in connections]
    return FleetOutcome(
        [summarize_robot(rows, run.control.deadline_s) for rows in counted],
        [servers.counts[str(number)] for number in range(run.robots)],
        servers.busy_s / (run.servers * run.seconds), _by_second(counted, run))


def _by_second(robots: list[list[FrameRow]], run: FleetRun) -> list[int]:
    """Count the frames that were served in each whole second."""
    served = [0] * int(run.seconds)
    for row in chain.from_iterable(robots):
        if row.back_s is not None and row.back_s - WARM_UP_S < len(served):
            served[int(row.back_s - WARM_UP_S)] += 1
    return served


def frames_through(
    run: FleetRun, points: OperatingPoints, costs: Mapping[Way, FrameCost]
) -> Callable[[int], Through]:
    """
    Give, for so many robots in a cell, what one's controller gets through over its share of it.

    The mean of runs that begin at different moments of the trace, each with a server of its own.
    """
    tables, dice = _frame_tables(run, points, _BEGINS), random.Random(run.seed)
    mean_s = _mean_service_s(costs)
    phases_s = [dice.random() / run.control.target_fps for _ in range(_BEGINS)]

    @lru_cache
    def through(robots: int) -> Through:
        outcomes, services_s = [], []
        for begin, phase_s in enumerate(phases_s):
            share = TraceShare(run.trace, run.trace.duration_s * begin / _BEGINS, robots)
            rows = run.counted(emulate(
                share, tables[begin % len(tables)], run.schedule(mean_s, phase_s),
                WidthController(points, run.control), run.seed + begin))
            outcomes.append(summarize_robot(rows, run.control.deadline_s))
            services_s += [
                costs[Way(row.coder, row.width, row.rate, row.alone)].service_s
                for row in rows if row.back_s is not None]
        offered = sum(outcome.offered for outcome in outcomes)
        return Through(sum(outcome.served for outcome in outcomes) / offered,
                       sum(outcome.on_time for outcome in outcomes) / offered,
                       statistics.mean(services_s) if services_s else mean_s)

    return through


def _mean_service_s(costs: Mapping[Way, FrameCost]) -> float:
    return statistics.mean(cost.service_s for cost in costs.values())


def _frame_tables(
    run: FleetRun, points: OperatingPoints, count: int = FRAME_TABLES
) -> list[FrameTable]:
    frames = run.schedule(0.0).frame_count
    return [make_frames(tuple(points), frames, run.seed + number)
            for number in range(min(count, run.robots))]


class _Connection:
    """Stand between a robot of the link lab and the servers: messages there, answers back."""

    robot: EmulatedRobot

    def __init__(self, number: int, manifest: Manifest, samples: Mapping[Way, Encoded]) -> None:
        self._number, self._fingerprint = number, manifest.fingerprint
        self._samples = samples
        self._frame_of: dict[int, int] = {}

    def begin(self, servers: VirtualServers, robot: EmulatedRobot) -> None:
        """Connect the two."""
        self._servers, self.robot = servers, robot

    def receive(self, message: SentMessage, now_s: float) -> None:
        """Hand a message that arrives to the servers, as a frame that looks like it."""
        row = self.robot.rows[message.frame]
        sample = self._samples[Way(row.coder, row.width, row.rate, row.alone)]
        self._frame_of[message.sequence] = message.frame
        header = FrameHeader(
            self._number + 1, message.sequence, sample.geometry, row.width, row.rate,
            self._fingerprint, 0, 0.0, reference=message.reference)
        self._servers.receive(
            str(self._number), Frame(header, sample.payload), row.message_bytes, now_s)

    def answer(self, sequence: int, arrival_s: float, now_s: float) -> None:
        """Send detections back."""
        self.robot.answer(self._frame_of[sequence], arrival_s, now_s)

    def refuse(self, sequence: int) -> None:
        """Note a frame that cannot be decoded."""
        self.robot.rows[self._frame_of[sequence]].is_undecodable = True

    def tell(self, report: Report, now_s: float) -> None:
        """Send a report back."""
        decoded = report.decoded_sequence if report.decoded_sequence >= 0 else None
        self.robot.tell(LinkReportData(
            report.receiver_id, report.report_sequence, report.sent_s,
            # The server's own have the same fields; making others takes a tenth of a run.
            report.arrivals, decoded), now_s)
