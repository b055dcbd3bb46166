"""
Whether a queue grows: the delay gradient against an adaptive threshold.

Source: draft-ietf-rmcat-gcc-02, sections 5.2 to 5.4 (inter-group delay variation, Kalman
filter, over-use detector) and its table of constants; the gradient counts as what it adds up
to over the last groups, 60 at most, as implementations have it. A frame is a group. Times in
milliseconds here, as in the draft.
"""

from enum import Enum

STATE_NOISE = 1e-3              # q, ms²
FIRST_VARIANCE = 0.1            # e(0), ms²
LONGEST_NOISE_STEP = 3.0        # outliers count as three deviations
NOISE_FORGETTING = 0.1          # chi, at 30 groups a second
FIRST_THRESHOLD_MS = 12.5       # del_var_th(0)
THRESHOLD_UP, THRESHOLD_DOWN = 0.01, 0.00018        # K_u, K_d
LEAST_THRESHOLD_MS, MOST_THRESHOLD_MS = 6.0, 600.0
THRESHOLD_OUTLIER_MS = 15.0
OVERUSE_TIME_MS = 10.0          # overuse_time_th
MOST_GROUPS = 60
LONGEST_STEP_MS = 1000.0        # a gap in the sending says nothing about the gradient


class Signal(Enum):
    """Name what the queue does."""

    UNDERUSE = 'underuse'
    NORMAL = 'normal'
    OVERUSE = 'overuse'


class OveruseDetector:
    """Follow the gradient of the one-way delay, group by group."""

    def __init__(self) -> None:
        self._gradient_ms = 0.0
        self._variance = FIRST_VARIANCE
        self._noise = 1.0
        self._threshold_ms = FIRST_THRESHOLD_MS
        self._over_ms = 0.0
        self._groups = 0
        self._last: tuple[float, float] | None = None

    def add(self, sent_s: float, arrival_s: float) -> Signal:
        """Note a group's times, each on its own clock."""
        last, self._last = self._last, (sent_s, arrival_s)
        if last is None:
            return Signal.NORMAL
        sent_ms, arrival_ms = (sent_s - last[0]) * 1e3, (arrival_s - last[1]) * 1e3
        if not 0.0 < sent_ms < LONGEST_STEP_MS or abs(arrival_ms) > 10.0 * LONGEST_STEP_MS:
            return Signal.NORMAL
        self._groups = min(self._groups + 1, MOST_GROUPS)
        previous_ms = self._gradient_ms
        self._filter(arrival_ms - sent_ms, sent_ms)
        return self._compare(previous_ms, sent_ms)

    def _filter(self, variation_ms: float, step_ms: float) -> None:
        """Update the Kalman estimate of the gradient."""
        innovation = variation_ms - self._gradient_ms
        limit = LONGEST_NOISE_STEP * max(self._noise, 1.0) ** 0.5
        clipped = max(-limit, min(limit, innovation))
        kept = (1.0 - NOISE_FORGETTING) ** (30.0 * step_ms / 1000.0)
        self._noise = max(1.0, kept * self._noise + (1.0 - kept) * clipped * clipped)
        gain = (self._variance + STATE_NOISE) / (self._noise + self._variance + STATE_NOISE)
        self._gradient_ms += gain * innovation
        self._variance = (1.0 - gain) * (self._variance + STATE_NOISE)

    def _compare(self, previous_ms: float, step_ms: float) -> Signal:
        """Compare the gradient with its threshold, which follows it slowly."""
        gradient_ms = self._gradient_ms * self._groups
        threshold_ms = self._threshold_ms
        distance_ms = abs(gradient_ms) - threshold_ms
        if distance_ms <= THRESHOLD_OUTLIER_MS:
            speed = THRESHOLD_UP if distance_ms > 0.0 else THRESHOLD_DOWN
            moved_ms = threshold_ms + step_ms * speed * distance_ms
            self._threshold_ms = min(MOST_THRESHOLD_MS, max(LEAST_THRESHOLD_MS, moved_ms))
        if gradient_ms > threshold_ms:
            self._over_ms += step_ms
            is_over = self._over_ms >= OVERUSE_TIME_MS and self._gradient_ms >= previous_ms
            return Signal.OVERUSE if is_over else Signal.NORMAL
        self._over_ms = 0.0
        return Signal.UNDERUSE if gradient_ms < -threshold_ms else Signal.NORMAL
