"""
What a policy achieves on a trace: sender, link, receiver and reports as a chain of events.

The two sides' clocks differ on purpose. A server that takes longer than a frame's interval serves
one frame at a time, the newest first; a quicker one is a delay. It decodes what arrives at once; a
frame whose reference it lacks is nothing.
"""

from collections import deque
from dataclasses import replace
from functools import partial
from math import inf, nan

from slim_split_ros.control import Arrival, LinkReportData, WidthController
from slim_split_ros.linklab.events import Events
from slim_split_ros.linklab.frames import FrameTable
from slim_split_ros.linklab.robot import EmulatedRobot, FrameRow, SentMessage
from slim_split_ros.linklab.schedule import Schedule
from slim_split_ros.linklab.share import TraceShare
from slim_split_ros.linklab.trace import Trace

# Reports leave at once after an arrival, at least 50 ms apart (20 Hz), and every 100 ms
# (10 Hz) while nothing arrives, so that silence of the link differs from silence of the peer.
REPORT_GAP_S = 0.05
REPORT_SILENCE_S = 0.1
ARRIVALS_A_REPORT = 12
# The far side's clock reads another time and runs faster: nothing may depend on either.
FAR_CLOCK_OFFSET_S = 4321.0
FAR_CLOCK_RATE = 1.0 + 20e-6


def emulate(
    trace: Trace | TraceShare, frames: FrameTable, schedule: Schedule,
    controller: WidthController, seed: int = 0,
) -> list[FrameRow]:
    """Offer every frame to the controller and give what became of each."""
    events, server = Events(), _Server(schedule)
    robot = EmulatedRobot(trace, frames, schedule, controller, seed, events, server)
    server.start(robot, events)
    events.run()
    return robot.rows


class _Server:
    """Hold the far side of one run: what arrived, what waits, and what was reported."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._decoded_video: int | None = None      # its newest
        self._decoded_sequence: int | None = None
        self._arrivals: deque[Arrival] = deque(maxlen=ARRIVALS_A_REPORT)
        # With when each arrived.
        self._waiting: list[tuple[SentMessage, float]] = []
        self._is_busy = False
        self._responses_s: dict[int, float] = {}
        self._report_sequence = 0
        self._last_report_s = -inf
        self._report_due_s = inf

    def start(self, robot: EmulatedRobot, events: Events) -> None:
        """Begin to report to the one robot."""
        self._robot, self._events = robot, events
        self._schedule_report(0.0)

    def receive(self, message: SentMessage, now_s: float) -> None:
        """Decode a frame, and serve it unless others come first."""
        row = self._robot.rows[message.frame]
        self._decode(message, row)
        self._arrivals.append(Arrival(
            message.sequence, _far_clock_s(now_s), row.message_bytes))
        self._schedule_report(max(now_s, self._last_report_s + REPORT_GAP_S))
        if row.is_undecodable:
            return
        if self._schedule.server_s * self._schedule.fps <= 1.0:
            self._serve(message, now_s, now_s)
            return
        self._waiting.append((message, now_s))
        self._serve_newest(now_s)

    def _decode(self, message: SentMessage, row: FrameRow) -> None:
        if message.reference is not None and message.reference != self._decoded_video:
            row.is_undecodable = True
            return
        if row.coder == 'video':
            self._decoded_video = message.sequence
        self._decoded_sequence = max(message.sequence, self._decoded_sequence or 0)

    def _serve_newest(self, now_s: float) -> None:
        """Begin with the newest frame that waits, once the server is free."""
        while self._waiting and not self._is_busy:
            message, arrival_s = self._waiting.pop()
            captured_s = self._robot.rows[message.frame].captured_s
            if now_s < captured_s + self._schedule.deadline_s:
                self._is_busy = True
                self._serve(message, arrival_s, now_s)

    def _serve(self, message: SentMessage, arrival_s: float, now_s: float) -> None:
        self._events.push(
            now_s + self._schedule.server_s, partial(self._on_served, message, arrival_s))

    def _on_served(self, message: SentMessage, arrival_s: float, now_s: float) -> None:
        self._responses_s[message.sequence] = now_s - arrival_s
        self._is_busy = False
        self._serve_newest(now_s)
        self._robot.answer(message.frame, arrival_s, now_s)

    def _schedule_report(self, due_s: float) -> None:
        if due_s < self._report_due_s:
            self._report_due_s = due_s
            self._events.push(due_s, partial(self._on_report_due, due_s))

    def _on_report_due(self, due_s: float, now_s: float) -> None:
        if due_s != self._report_due_s or now_s > self._schedule.end_s:
            return
        report = LinkReportData(
            7, self._report_sequence, _far_clock_s(now_s),
            tuple(replace(arrival, server_s=self._responses_s.get(arrival.sequence, nan))
                  for arrival in self._arrivals), self._decoded_sequence)
        self._report_sequence += 1
        self._last_report_s, self._report_due_s = now_s, inf
        self._schedule_report(now_s + REPORT_SILENCE_S)
        self._robot.tell(report, now_s)


def _far_clock_s(now_s: float) -> float:
    """Read the far side's clock."""
    return FAR_CLOCK_OFFSET_S + now_s * FAR_CLOCK_RATE
