"""
Additive increase, multiplicative decrease on the delay gradient: a GCC-like baseline.

Source: draft-ietf-rmcat-gcc-02, sections 5.5 (rate control) and 6 (loss-based control), with
the constants of its section 5.6; the overuse signal is `overuse.py`'s. The frame gets the
most accurate point whose bytes at the target frame rate stay below the target bitrate.
"""

from math import inf

from slim_split_ros.control.decision import Action, Decision, Reason
from slim_split_ros.control.estimates import Estimates
from slim_split_ros.control.link.in_flight import Delivery, SentFrame
from slim_split_ros.control.link.overuse import OveruseDetector, Signal
from slim_split_ros.control.operating_points import OperatingPoint

FIRST_BPS = 300_000.0
LEAST_BPS = 10_000.0
DECREASE = 0.85                 # beta
INCREASE_PER_S = 1.08           # eta
RATE_WINDOW_S = 0.5             # T of R_hat
MOST_ABOVE_RECEIVED = 1.5
NEAR_DEVIATIONS = 3.0
NEXT_POINT = 1.1
AVERAGE_SHARE = 0.05
RESPONSE_S = 0.1                # added to the round trip
HIGH_LOSS, LOW_LOSS = 0.1, 0.02
LOSS_INCREASE = 1.05
LOSS_INTERVAL_S = 1.0


class AimdPolicy:
    """Follow a target bitrate and fit the frames under it."""

    backlog_ms: float | None = None

    def __init__(self, points: tuple[OperatingPoint, ...], target_fps: float,
                 estimates: Estimates) -> None:
        self._points = sorted(points, key=lambda point: point.ap50, reverse=True)
        self._least = min(points, key=lambda point: (point.bytes, point.encode_ms))
        self._fps, self._estimates = target_fps, estimates
        self._detector = OveruseDetector()
        self._delay_bps = self._loss_bps = FIRST_BPS
        self._received: list[tuple[float, float]] = []
        self._is_holding = False
        self._near_mean_bps: float | None = None
        self._near_deviation = 0.15
        self._updated_s: float | None = None
        self._loss_updated_s = -inf
        self._next_s = -inf

    @property
    def capacity_kbps(self) -> float | None:
        """Give the target bitrate."""
        return self._target_bps / 1000.0

    @property
    def _target_bps(self) -> float:
        return max(LEAST_BPS, min(self._delay_bps, self._loss_bps))

    @property
    def _bps_a_byte(self) -> float:
        return 8.0 * self._estimates.sizes.expected(self._least) * self._fps

    def on_deliveries(self, deliveries: list[Delivery], now_s: float) -> None:
        """Update the target by each group that arrived."""
        for delivery in deliveries:
            # Both times by the own clock: the other side's may be set anew, the own may step.
            self._received = [
                pair for pair in self._received
                if abs(delivery.left_s - pair[0]) <= RATE_WINDOW_S]
            self._received.append((delivery.left_s, delivery.bits))
            signal = self._detector.add(delivery.sent_s, delivery.arrival_s)
            self._update(signal, delivery, now_s)
        self._update_by_loss(now_s)

    def on_sent(self, frame: SentFrame, now_s: float) -> None:
        """Space frames by the target, where even the smallest exceeds it."""
        self._next_s = max(now_s, self._next_s) + frame.bits / self._target_bps

    def decide(self, now_s: float, captured_s: float) -> Decision:
        """Give the most accurate point under the target; skip while it is overspent."""
        size = self._bps_a_byte
        chosen = next((point for point in self._points
                       if point.bytes * size <= self._target_bps), self._least)
        is_overspent = self._next_s - now_s > RATE_WINDOW_S
        return Decision.at(
            chosen, Reason.LINK, Action.DROP if is_overspent else Action.SEND)

    def revise(self, decision: Decision, busyness: float, now_s: float) -> Decision:
        """Stay: the target is a mean over frames."""
        return decision

    def _update(self, signal: Signal, delivery: Delivery, now_s: float) -> None:
        """Apply the state table: decrease on overuse, hold on underuse, else increase."""
        last_s = self._updated_s if self._updated_s is not None else now_s
        passed_s, self._updated_s = min(1.0, now_s - last_s), now_s
        received_bps = sum(bits for _, bits in self._received) / RATE_WINDOW_S
        if signal is Signal.OVERUSE:
            self._note_near(received_bps)
            self._delay_bps = DECREASE * received_bps
            self._is_holding = True
        elif signal is Signal.UNDERUSE:
            self._is_holding = True
        elif self._is_holding:
            self._is_holding = False
        else:
            self._increase(received_bps, passed_s, delivery)
        self._delay_bps = max(LEAST_BPS, self._delay_bps)

    def _increase(self, received_bps: float, passed_s: float, delivery: Delivery) -> None:
        """Grow by 8 % a second, or by half a frame a response time near the last peak."""
        if self._is_near(received_bps):
            response_s = RESPONSE_S + delivery.round_trip_s
            grown = self._delay_bps + max(
                1000.0, 0.5 * min(passed_s / response_s, 1.0) * delivery.bits)
        else:
            grown = self._delay_bps * INCREASE_PER_S ** passed_s
        limit = max(self._delay_bps, MOST_ABOVE_RECEIVED * received_bps,
                    self._next_point_bps(received_bps))
        self._delay_bps = min(grown, limit)

    def _next_point_bps(self, received_bps: float) -> float:
        """Give what the next larger point needs: an encoder of few points cannot fill 1.5."""
        size = self._bps_a_byte
        above = [point.bytes * size for point in self._points
                 if point.bytes * size > NEXT_POINT * received_bps]
        return NEXT_POINT * min(above, default=0.0)

    def _note_near(self, received_bps: float) -> None:
        mean = self._near_mean_bps
        if mean is None or not self._is_near(received_bps):
            self._near_mean_bps = received_bps
            return
        error = received_bps - mean
        self._near_mean_bps = mean + AVERAGE_SHARE * error
        relative = error * error / max(mean, 1.0) ** 2
        variance = self._near_deviation ** 2
        self._near_deviation = (variance + AVERAGE_SHARE * (relative - variance)) ** 0.5

    def _is_near(self, received_bps: float) -> bool:
        if self._near_mean_bps is None:
            return False
        width = NEAR_DEVIATIONS * self._near_deviation * self._near_mean_bps
        if received_bps > self._near_mean_bps + width:
            self._near_mean_bps = None
            return False
        return abs(received_bps - self._near_mean_bps) <= width

    def _update_by_loss(self, now_s: float) -> None:
        if now_s - self._loss_updated_s < LOSS_INTERVAL_S:
            return
        self._loss_updated_s = now_s
        loss = self._estimates.link.in_flight.loss
        if loss > HIGH_LOSS:
            self._loss_bps = self._target_bps * (1.0 - 0.5 * loss)
        elif loss < LOW_LOSS:
            self._loss_bps = max(self._loss_bps, self._target_bps) * LOSS_INCREASE
        self._loss_bps = min(max(self._loss_bps, LEAST_BPS), 1e9)
