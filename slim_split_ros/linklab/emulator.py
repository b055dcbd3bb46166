"""
What a policy achieves on a trace: sender, link, receiver and reports as a chain of events.

Deterministic: the same trace, frames, settings and seed give the same rows. The sender runs
the very controller that the onboard node runs; the two sides' clocks differ on purpose. A server
that takes longer than a frame's interval serves one frame at a time, the newest first; a quicker
one is a delay. It decodes what arrives at once; a frame whose reference it lacks is nothing.
"""

from collections import deque
from dataclasses import dataclass, replace
import heapq
from math import inf, nan
import random

from slim_split_ros.control import (
    Arrival,
    Decision,
    LinkReportData,
    PointName,
    Reason,
    WidthController,
)
from slim_split_ros.linklab.frames import FrameTable
from slim_split_ros.linklab.link import Link
from slim_split_ros.linklab.schedule import Schedule
from slim_split_ros.linklab.trace import Trace

# Reports leave at once after an arrival, at least 50 ms apart (20 Hz), and every 100 ms
# (10 Hz) while nothing arrives, so that silence of the link differs from silence of the peer.
REPORT_GAP_S = 0.05
REPORT_SILENCE_S = 0.1
ARRIVALS_A_REPORT = 32
# The far side's clock reads another time and runs faster: nothing may depend on either.
FAR_CLOCK_OFFSET_S = 4321.0
FAR_CLOCK_RATE = 1.0 + 20e-6

_CAPTURE, _ENCODED, _ARRIVAL, _SERVED, _REPORT_DUE, _REPORT = range(6)


@dataclass(slots=True)
class FrameRow:
    """
    Hold what became of one offered frame; times are None where it did not get there.

    `is_undecodable` is a frame that arrived without one that it needs.
    """

    captured_s: float
    width: float | None = None
    rate: int | None = None
    message_bytes: int = 0
    ap50: float = 0.0
    coder: str | None = None
    alone: bool | None = None
    is_undecodable: bool = False
    reason: Reason | None = None
    sent_s: float | None = None
    left_queue_s: float | None = None
    back_s: float | None = None


def emulate(trace: Trace, frames: FrameTable, schedule: Schedule, controller: WidthController,
            seed: int = 0) -> list[FrameRow]:
    """Offer every frame to the controller and give what became of each."""
    return _Run(trace, frames, schedule, controller, seed).rows


class _Run:
    """Hold one run's events; made, run and read once."""

    def __init__(self, trace: Trace, frames: FrameTable, schedule: Schedule,
                 controller: WidthController, seed: int) -> None:
        self._trace, self._frames, self._schedule = trace, frames, schedule
        self._controller, self._packets = controller, schedule.packets
        self._link = Link(trace)
        self._point_index = {point.name: index for index, point in enumerate(frames.points)}
        # One number a frame and direction, whatever is sent: policies meet the same losses.
        draw = random.Random(seed).random
        self._loss_draws = [(draw(), draw()) for _ in range(schedule.frame_count)]
        self._report_loss = random.Random(seed + 1)
        self.rows = [FrameRow(schedule.capture_s(frame))
                     for frame in range(schedule.frame_count)]
        self._sequence = 0
        self._coder = _VideoCoder()
        self._decoded_video: int | None = None      # at the server, its newest
        self._decoded_sequence: int | None = None
        self._held: int | None = None
        self._encoder_free_s = 0.0
        self._arrivals: deque[Arrival] = deque(maxlen=ARRIVALS_A_REPORT)
        # At the server: frame, sequence, when it arrived.
        self._waiting: list[tuple[int, int, float]] = []
        self._is_server_busy = False
        self._responses_s: dict[int, float] = {}
        self._report_sequence = 0
        self._last_report_s = -inf
        self._report_due_s = inf
        self._order = 0
        self._events: list[tuple] = []
        self._push(0.0, _CAPTURE, 0)
        self._schedule_report(0.0)
        self._go()

    def _push(self, time_s: float, kind: int, what: object) -> None:
        self._order += 1
        heapq.heappush(self._events, (time_s, self._order, kind, what))

    def _go(self) -> None:
        end_s = self._schedule.duration_s
        handlers = {_CAPTURE: self._on_capture, _ENCODED: self._on_encoded,
                    _ARRIVAL: self._on_arrival, _SERVED: self._on_served,
                    _REPORT_DUE: self._on_report_due, _REPORT: self._on_report}
        while self._events:
            now_s, _, kind, what = heapq.heappop(self._events)
            if now_s > end_s and kind not in (_ENCODED, _ARRIVAL, _SERVED):
                continue
            handlers[kind](what, now_s)

    def _on_capture(self, frame: int, now_s: float) -> None:
        self._held = frame
        if frame + 1 < len(self.rows):
            self._push(self._schedule.capture_s(frame + 1), _CAPTURE, frame + 1)
        self._offer(now_s)

    def _offer(self, now_s: float) -> None:
        """Ask whether the newest frame goes, and encode it if so."""
        frame = self._held
        row = self.rows[frame]
        decision = self._controller.decide(now_s, row.captured_s)
        row.reason = decision.reason
        if not decision.send:
            if not decision.hold:
                self._held = None
            return
        self._held = None
        self._encode(frame, decision, now_s, again=False)

    def _encode(self, frame: int, decision: Decision, now_s: float, again: bool) -> None:
        """Encode at the decided point; the result is there some milliseconds later."""
        name = decision.point_name
        if name.coder == 'video':
            long_side = self._frames.points[self._point_index[name]].long_side
            name = self._coder.encode(name, long_side)
        point = self._point_index.get(name, self._point_index[decision.point_name])
        row = self.rows[frame]
        row.width, row.rate, row.coder, row.alone = name.width, name.rate, name.coder, name.alone
        row.message_bytes = int(self._frames.message_bytes[frame, point])
        row.ap50 = self._frames.points[point].ap50
        encode_s = float(self._frames.encode_s[frame, point])
        self._encoder_free_s = max(now_s, self._encoder_free_s) + encode_s
        self._push(self._encoder_free_s, _ENCODED, (frame, decision, encode_s, again))

    def _on_encoded(self, what: tuple[int, Decision, float, bool], now_s: float) -> None:
        frame, first, encode_s, again = what
        row = self.rows[frame]
        decide = self._controller.confirm if again else self._controller.revise
        decision = decide(first, row.message_bytes, now_s)
        if not decision.send:
            row.width = row.rate = row.coder = row.alone = None
            row.message_bytes = 0
        elif decision.point_name != first.point_name:
            self._encode(frame, decision, now_s, again=True)
        else:
            self._send(frame, encode_s, now_s)

    def _send(self, frame: int, encode_s: float, now_s: float) -> None:
        """Hand a frame to the link, which says when it arrives, if it does."""
        row = self.rows[frame]
        row.sent_s = now_s
        sequence = self._sequence
        self._sequence += 1
        reference = self._coder.send(sequence, row.alone) if row.coder == 'video' else None
        self._controller.on_sent(sequence, row.message_bytes, encode_s, row.width, row.rate,
                                 now_s, coder=row.coder, reference=reference)
        left_s = self._link.send(row.message_bytes, now_s)
        if left_s is None or left_s == inf:
            return
        row.left_queue_s = left_s
        uplink = self._loss_draws[frame][0]
        if self._schedule.with_loss:
            if uplink >= self._packets.chance_kept(
                    row.message_bytes, self._trace.loss(left_s)):
                return
        arrival_s = left_s + self._trace.delay_s(left_s)
        self._push(arrival_s, _ARRIVAL, (frame, sequence, reference))

    def _on_arrival(self, what: tuple[int, int, int | None], now_s: float) -> None:
        frame, sequence, reference = what
        self._decode(frame, sequence, reference)
        self._arrivals.append(Arrival(
            sequence, _far_clock_s(now_s), self.rows[frame].message_bytes))
        self._schedule_report(max(now_s, self._last_report_s + REPORT_GAP_S))
        if self.rows[frame].is_undecodable:
            return
        if self._schedule.server_s * self._schedule.fps <= 1.0:
            self._push(now_s + self._schedule.server_s, _SERVED, (frame, sequence, now_s))
            return
        self._waiting.append((frame, sequence, now_s))
        self._serve_newest(now_s)

    def _decode(self, frame: int, sequence: int, reference: int | None) -> None:
        row = self.rows[frame]
        if reference is not None and reference != self._decoded_video:
            row.is_undecodable = True
            return
        if row.coder == 'video':
            self._decoded_video = sequence
        self._decoded_sequence = max(sequence, self._decoded_sequence or 0)

    def _serve_newest(self, now_s: float) -> None:
        """Begin with the newest frame that waits, once the server is free."""
        while self._waiting and not self._is_server_busy:
            frame, sequence, arrival_s = self._waiting.pop()
            if now_s < self.rows[frame].captured_s + self._schedule.deadline_s:
                self._is_server_busy = True
                self._push(now_s + self._schedule.server_s, _SERVED, (frame, sequence, arrival_s))

    def _on_served(self, what: tuple[int, int, float], now_s: float) -> None:
        frame, sequence, arrival_s = what
        self._responses_s[sequence] = now_s - arrival_s
        self._is_server_busy = False
        self._serve_newest(now_s)
        downlink = self._loss_draws[frame][1]
        if not self._schedule.with_loss or downlink >= self._trace.loss(arrival_s):
            self.rows[frame].back_s = now_s + self._trace.delay_s(now_s)

    def _schedule_report(self, due_s: float) -> None:
        if due_s < self._report_due_s:
            self._report_due_s = due_s
            self._push(due_s, _REPORT_DUE, due_s)

    def _on_report_due(self, due_s: float, now_s: float) -> None:
        if due_s != self._report_due_s:
            return
        report = LinkReportData(
            7, self._report_sequence, _far_clock_s(now_s),
            tuple(replace(arrival, server_s=self._responses_s.get(arrival.sequence, nan))
                  for arrival in self._arrivals), self._decoded_sequence)
        self._report_sequence += 1
        self._last_report_s, self._report_due_s = now_s, inf
        self._schedule_report(now_s + REPORT_SILENCE_S)
        if self._schedule.with_loss and self._report_loss.random() < self._trace.loss(now_s):
            return
        self._push(now_s + self._trace.delay_s(now_s), _REPORT, report)

    def _on_report(self, report: LinkReportData, now_s: float) -> None:
        self._controller.on_report(report, now_s)
        if self._held is not None:
            self._offer(now_s)


class _VideoCoder:
    """
    Hold what the next frame of the robot's video leans on, as `coders/` does.

    After a frame that was not sent, and at another size, a frame is alone whatever was asked.
    """

    def __init__(self) -> None:
        self._long_side: int | None = None
        self._last_sent: int | None = None
        self._is_unsent = False

    def encode(self, name: PointName, long_side: int) -> PointName:
        """Give what is encoded where a point was asked for."""
        can_lean = self._last_sent is not None and not self._is_unsent and \
            long_side == self._long_side
        self._long_side, self._is_unsent = long_side, True
        return name if can_lean else replace(name, alone=True)

    def send(self, sequence: int, is_alone: bool) -> int | None:
        """Note that the last frame goes, and give the one that it needs."""
        reference = None if is_alone else self._last_sent
        self._last_sent, self._is_unsent = sequence, False
        return reference


def _far_clock_s(now_s: float) -> float:
    """Read the far side's clock."""
    return FAR_CLOCK_OFFSET_S + now_s * FAR_CLOCK_RATE
