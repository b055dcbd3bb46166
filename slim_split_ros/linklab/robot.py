"""
A robot in virtual time: what its camera offers, what its controller sends, and what comes back.

Deterministic: the same trace, frames, settings and seed meet the same losses. It runs the very
controller that the onboard node runs; what receives and serves its frames is the far side.
"""

from dataclasses import dataclass, replace
from functools import partial
from math import inf
import random
from typing import Protocol

from slim_split_ros.control import Decision, LinkReportData, PointName, Reason, WidthController
from slim_split_ros.linklab.events import Events
from slim_split_ros.linklab.frames import FrameTable
from slim_split_ros.linklab.link import Link
from slim_split_ros.linklab.schedule import Schedule
from slim_split_ros.linklab.share import TraceShare
from slim_split_ros.linklab.trace import Trace


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


@dataclass(frozen=True, slots=True)
class SentMessage:
    """Hold a frame under way: which of the camera's, its number, and the one that it needs."""

    frame: int
    sequence: int
    reference: int | None


class FarSide(Protocol):
    """Receive a robot's messages; it answers them and reports on them."""

    def receive(self, message: SentMessage, now_s: float) -> None:
        """Take a message that has just arrived."""


class EmulatedRobot:
    """Hold one run's sender; `rows` has what became of every offered frame."""

    def __init__(self, trace: Trace | TraceShare, frames: FrameTable, schedule: Schedule,
                 controller: WidthController, seed: int, events: Events,
                 far_side: FarSide) -> None:
        """Plan the first frame of the camera."""
        self._trace, self._frames, self._schedule = trace, frames, schedule
        self._controller, self._packets = controller, schedule.packets
        self._events, self._far_side = events, far_side
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
        self._held: int | None = None
        self._encoder_free_s = 0.0
        events.push(schedule.capture_s(0), partial(self._on_capture, 0))

    def answer(self, frame: int, arrival_s: float, now_s: float) -> None:
        """Send a frame's detections back, which left the far side now."""
        downlink = self._loss_draws[frame][1]
        if not self._schedule.with_loss or downlink >= self._trace.loss(arrival_s):
            self.rows[frame].back_s = now_s + self._trace.delay_s(now_s)

    def tell(self, report: LinkReportData, now_s: float) -> None:
        """Send a report back, which left the far side now."""
        if self._schedule.with_loss and self._report_loss.random() < self._trace.loss(now_s):
            return
        self._events.push(
            now_s + self._trace.delay_s(now_s), partial(self._on_report, report))

    def _on_capture(self, frame: int, now_s: float) -> None:
        self._held = frame
        if frame + 1 < len(self.rows):
            self._events.push(
                self._schedule.capture_s(frame + 1), partial(self._on_capture, frame + 1))
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
        self._events.push(self._encoder_free_s, partial(
            self._on_encoded, frame, decision, encode_s, again))

    def _on_encoded(self, frame: int, first: Decision, encode_s: float, again: bool,
                    now_s: float) -> None:
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
        message = SentMessage(frame, sequence, reference)
        self._events.push(arrival_s, lambda at_s: self._far_side.receive(message, at_s))

    def _on_report(self, report: LinkReportData, now_s: float) -> None:
        if now_s > self._schedule.end_s:
            return
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
