"""
A bag through the code of both sides, as a chain of events on the bag's own time.

Sender, controller, checks, turns and reports are those of the nodes; the path between both sides
is an argument. Detecting is `serve.py`'s, writing is `results.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
import heapq
from math import inf
import time
from typing import Protocol

from slim_split_ros.bags.pictures import view_pixels
from slim_split_ros.bags.replay.clock import ReplayClock, TableTimedEncoder
from slim_split_ros.bags.replay.events import (
    FrameRefused,
    FrameSent,
    FrameServed,
    ImageCame,
    ImageDropped,
    ReplayEvent,
    Reported,
    refusal,
)
from slim_split_ros.bags.replay.timing import TimedImage
from slim_split_ros.control import LATE, Arrival, LinkReportData, WidthController
from slim_split_ros.offboard import (
    Drop,
    FrameDecoder,
    OffboardError,
    Received,
    Reception,
    Report,
)
from slim_split_ros.onboard import (
    CameraImage,
    Dropped,
    Held,
    Pacer,
    Sender,
    Sent,
)
from slim_split_ros.wire import WireError

# As the offboard node: how soon a report that had to keep its distance follows the one before.
_REPORT_POLL_S = 0.025
_MS_PER_S = 1e3
_IMAGE, _ROBOT_FREE, _ARRIVAL, _SERVER_FREE, _REPORT_DUE, _REPORT = range(6)


class LinkPath(Protocol):
    """Carry messages between both sides; times never go backwards."""

    def uplink(self, message_bytes: int, now_s: float) -> float | None:
        """Give when a message arrives at the server; None if it is lost on the way."""

    def downlink(self, now_s: float) -> float | None:
        """Give when a message arrives at the robot; None if it is lost on the way."""


class DirectPath:
    """Carry everything at once."""

    def uplink(self, message_bytes: int, now_s: float) -> float | None:
        """Give the time of sending."""
        return now_s

    def downlink(self, now_s: float) -> float | None:
        """Give the time of sending."""
        return now_s


@dataclass(frozen=True, slots=True)
class Robot:
    """Hold the robot's side; `target_fps` 0.0 offers every image."""

    sender: Sender
    controller: WidthController
    encoder: TableTimedEncoder
    clock: ReplayClock
    target_fps: float = 0.0


@dataclass(frozen=True, slots=True)
class Far:
    """Hold the server's side, the path to it, and how long it takes for a frame."""

    reception: Reception
    decoder: FrameDecoder
    path: LinkPath
    server_s: float = 0.0


def replay(images: Iterator[TimedImage], robot: Robot, far: Far) -> Iterator[ReplayEvent]:
    """Yield what happens, in its order, until the last frame is served or lost."""
    return _Run(images, robot, far).events()


def decode_next(
    received: Received, now_s: float, reception: Reception, decoder: FrameDecoder
) -> FrameServed | FrameRefused:
    """Decode a frame whose turn has come, after those of its sender that it may lean on."""
    started_s = time.perf_counter()
    try:
        decoded = decoder.decode(received.frame, received.earlier, received.arrival_s)
    except (WireError, OffboardError) as error:
        return refusal(now_s, received.frame.header, error)
    reception.decoded(received)
    decode_ms = _MS_PER_S * (time.perf_counter() - started_s)
    return FrameServed(now_s, received.frame, decoded, decode_ms, None)


class _Run:
    """Hold one run's events; used once."""

    def __init__(self, images: Iterator[TimedImage], robot: Robot, far: Far) -> None:
        self._images, self._robot, self._far = images, robot, far
        self._pacer = Pacer()
        # What the node's mailbox has: the newest image, and the one that waits for a report.
        self._waiting: TimedImage | None = None
        self._waiting_reason = ''  # that counts if it waits in vain
        self._held: TimedImage | None = None
        self._held_reason = ''
        self._is_robot_busy = self._is_server_busy = False
        self._last_image_s = 0.0
        self._under_way = 0
        self._queue: list[tuple[float, int, int, object]] = []
        self._order = 0

    def events(self) -> Iterator[ReplayEvent]:
        handlers = {_IMAGE: self._on_image, _ROBOT_FREE: self._on_robot_free,
                    _ARRIVAL: self._on_arrival, _SERVER_FREE: self._on_server_free,
                    _REPORT_DUE: self._on_report_due, _REPORT: self._on_report}
        self._await_image()
        self._push(0.0, _REPORT_DUE, None)
        while self._queue:
            now_s, _, kind, what = heapq.heappop(self._queue)
            self._robot.clock.advance_to(now_s)
            yield from handlers[kind](now_s, what)
        if self._held is not None:
            yield ImageDropped(self._robot.clock(), self._held, self._held_reason)

    def _push(self, time_s: float, kind: int, what: object) -> None:
        # Reports are made for as long as anything else happens.
        self._under_way += kind not in (_REPORT_DUE, _REPORT)
        self._order += 1
        heapq.heappush(self._queue, (time_s, self._order, kind, what))

    def _await_image(self) -> None:
        if (image := next(self._images, None)) is not None:
            self._push(image.due_s, _IMAGE, image)

    def _on_image(self, now_s: float, image: TimedImage) -> Iterator[ReplayEvent]:
        self._under_way -= 1
        self._await_image()
        self._last_image_s = now_s
        yield ImageCame(now_s, image)
        target_fps = self._robot.target_fps
        if target_fps and not self._pacer.admit(now_s, target_fps):
            yield ImageDropped(now_s, image, 'target_fps')
            return
        if self._waiting is not None:
            yield ImageDropped(now_s, self._waiting, self._waiting_reason)
        elif self._held is not None:
            yield ImageDropped(now_s, self._held, self._held_reason)
        self._waiting, self._waiting_reason, self._held = image, 'encoder_busy', None
        yield from self._encode_next(now_s)

    def _encode_next(self, now_s: float) -> Iterator[ReplayEvent]:
        """Offer the image that waits to the sender, once that is free."""
        if self._is_robot_busy or self._waiting is None:
            return
        image, self._waiting = self._waiting, None
        robot = self._robot
        camera = CameraImage(
            partial(view_pixels, image.image), image.image.stamp_ns, image.image.frame_id,
            image.due_s)
        outcome = robot.sender.offer(camera)
        measured_ms = robot.encoder.take_measured_ms()
        self._is_robot_busy = True
        self._push(robot.clock(), _ROBOT_FREE, None)
        match outcome:
            case Sent():
                yield FrameSent(robot.clock(), image, outcome, measured_ms)
                self._send(outcome, robot.clock())
            case Held(reason):
                self._held, self._held_reason = image, reason
            case Dropped(reason) if reason == LATE:
                # As it came it was new: what it waited for here took its time.
                yield ImageDropped(robot.clock(), image, self._waiting_reason)
            case Dropped(reason, sentence):
                yield ImageDropped(robot.clock(), image, reason, sentence)

    def _send(self, sent: Sent, now_s: float) -> None:
        arrival_s = self._far.path.uplink(sent.message_bytes, now_s)
        if arrival_s is not None and arrival_s < inf:
            self._push(arrival_s, _ARRIVAL, Received(sent.frame, sent.message_bytes, arrival_s))

    def _on_robot_free(self, now_s: float, _: None) -> Iterator[ReplayEvent]:
        self._under_way -= 1
        self._is_robot_busy = False
        yield from self._encode_next(now_s)

    def _on_arrival(self, now_s: float, received: Received) -> Iterator[ReplayEvent]:
        self._under_way -= 1
        header = received.frame.header
        try:
            dropped = self._far.reception.receive(received)
        except (WireError, OffboardError) as error:
            yield refusal(now_s, header, error)
            return
        if dropped:
            # A newer frame took the place of one that waited.
            yield FrameRefused(now_s, None, dropped.value)
        yield from self._report(now_s)
        yield from self._serve_next(now_s)

    def _serve_next(self, now_s: float) -> Iterator[ReplayEvent]:
        if self._is_server_busy:
            return
        received, too_old = self._far.reception.next_frame(now_s)
        for _ in range(too_old):
            yield FrameRefused(now_s, None, Drop.DEADLINE.value)
        if received is None:
            return
        taken = decode_next(received, now_s, self._far.reception, self._far.decoder)
        if isinstance(taken, FrameRefused):
            yield taken
            yield from self._serve_next(now_s)
            return
        self._is_server_busy = True
        self._push(now_s + self._far.server_s, _SERVER_FREE, (received, taken))

    def _on_server_free(
        self, now_s: float, taken: tuple[Received, FrameServed]
    ) -> Iterator[ReplayEvent]:
        self._under_way -= 1
        self._is_server_busy = False
        received, served = taken
        self._far.reception.served(received, now_s)
        yield replace(served, now_s=now_s, back_s=self._far.path.downlink(now_s))
        yield from self._serve_next(now_s)

    def _on_report_due(self, now_s: float, _: None) -> Iterator[ReplayEvent]:
        yield from self._report(now_s)
        deadline_s = self._robot.controller.deadline_s
        if self._under_way or (
                self._held is not None and now_s < self._last_image_s + deadline_s):
            self._push(now_s + _REPORT_POLL_S, _REPORT_DUE, None)

    def _report(self, now_s: float) -> Iterator[ReplayEvent]:
        for report in self._far.reception.due_reports(now_s):
            yield Reported(now_s, report)
            arrival_s = self._far.path.downlink(now_s)
            if arrival_s is not None:
                self._push(arrival_s, _REPORT, report)

    def _on_report(self, now_s: float, report: Report) -> Iterator[ReplayEvent]:
        self._robot.controller.on_report(_as_heard(report), self._robot.clock())
        if self._held is not None and self._waiting is None:
            self._waiting, self._waiting_reason, self._held = self._held, self._held_reason, None
            yield from self._encode_next(now_s)


def _as_heard(report: Report) -> LinkReportData:
    """Return what the onboard node makes of the report's message."""
    return LinkReportData(report.receiver_id, report.report_sequence, report.sent_s, tuple(
        Arrival(arrival.sequence, arrival.arrival_s, arrival.message_bytes, arrival.server_s)
        for arrival in report.arrivals),
        None if report.decoded_sequence < 0 else report.decoded_sequence)
