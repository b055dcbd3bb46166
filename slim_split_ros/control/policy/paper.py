"""
The founding paper's controller, a baseline: stop and wait, a budget of means.

Source: Assine, Santos Filho, Valle, Levorato, "Slimmable Encoders for Flexible Split DNNs in
Bandwidth and Resource Constrained IoT Systems", WoWMoM 2023, and the authors' published
code: one frame in flight; bandwidth sample = bytes / (round trip − encoding − decoding);
average ← 0.4·sample + 0.6·average from 200 kB/s; next, the most accurate mode of encoding
time + bytes/average < 0.8 × deadline, the smallest if none. Their 60 ms a member is replaced
by the mean encoding time that `profile` measured.
"""

from math import inf

from slim_split_ros.control.decision import Action, Decision, Reason
from slim_split_ros.control.estimates import Estimates
from slim_split_ros.control.link.in_flight import Delivery, SentFrame
from slim_split_ros.control.operating_points import OperatingPoint

SAMPLE_SHARE = 0.4
FIRST_BYTES_PER_S = 200_000.0
DEADLINE_SHARE = 0.8
SHORTEST_TRANSFER_S = 1e-3
# Their link was reliable; where a frame or its report is lost, the next goes after this.
GIVE_UP_S = 1.0


class PaperPolicy:
    """Send one frame, wait for its answer, choose the next by the average bandwidth."""

    backlog_ms: float | None = None

    def __init__(self, points: tuple[OperatingPoint, ...], deadline_s: float,
                 estimates: Estimates) -> None:
        self._points, self._deadline_s = points, deadline_s
        self._smallest = min(points, key=lambda point: (point.bytes, point.encode_ms))
        self._server = estimates.link.server
        self._average = FIRST_BYTES_PER_S
        self._awaited: int | None = None
        self._free_s = -inf

    @property
    def capacity_kbps(self) -> float | None:
        """Give the average bandwidth."""
        return self._average * 8.0 / 1000.0

    def on_deliveries(self, deliveries: list[Delivery], now_s: float) -> None:
        """Take a bandwidth sample, and end the waiting when the awaited frame is served."""
        for delivery in deliveries:
            transfer_s = max(delivery.round_trip_s, SHORTEST_TRANSFER_S)
            sample = delivery.bits / 8.0 / transfer_s
            self._average += SAMPLE_SHARE * (sample - self._average)
            if delivery.sequence == self._awaited:
                self._free_s = now_s + self._server.response_s

    def on_sent(self, frame: SentFrame, now_s: float) -> None:
        """Begin to wait."""
        self._awaited, self._free_s = frame.sequence, now_s + GIVE_UP_S

    def decide(self, now_s: float, captured_s: float) -> Decision:
        """Skip while a frame is in flight, else choose by the rule above."""
        limit_s = DEADLINE_SHARE * self._deadline_s
        in_time = [point for point in self._points
                   if point.encode_ms / 1000.0 + point.bytes / self._average < limit_s]
        chosen = max(in_time, key=lambda point: point.ap50, default=self._smallest)
        return Decision.at(
            chosen, Reason.LINK, Action.SEND if now_s >= self._free_s else Action.DROP)

    def revise(self, decision: Decision, busyness: float, now_s: float) -> Decision:
        """Stay: the paper's frames have fixed sizes."""
        return decision
