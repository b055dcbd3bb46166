"""What `onboard/status` says in a replay, counted, and when it is said."""

from __future__ import annotations

from collections import Counter, deque
import math

from slim_split_ros.onboard import Sent

_STATUS_PERIOD_S = 1.0
_WINDOW_S = 1.0
_MS_PER_S = 1e3
_BITS_PER_BYTE, _PER_KILO = 8, 1e3


class EncoderState:
    """Count what `onboard/status` says; a status is due on a change and once a second."""

    def __init__(self) -> None:
        self.frames_in = self.frames_sent = 0
        self.drops: Counter[str] = Counter()
        self.reason = ''
        self.last: Sent | None = None
        self.answered = self.late = 0
        self._ages: deque[tuple[float, float]] = deque()
        self._recent: deque[tuple[float, int]] = deque()
        self._said: tuple[float, int, str] | None = None
        self._said_s = -math.inf

    def sent(self, sent: Sent, now_s: float) -> None:
        """Note a frame that went out."""
        self.frames_sent += 1
        self.last, self.reason = sent, sent.reason
        self._recent.append((now_s, sent.message_bytes))

    def answer_came(self, age_s: float, deadline_s: float, now_s: float) -> None:
        """Note that detections are back, so long after their image."""
        self.answered += 1
        self.late += age_s > deadline_s
        self._ages.append((now_s, age_s))

    def answer_ms(self, now_s: float) -> float:
        """Return the mean age of what came back within the last second; NaN if nothing did."""
        _forget(self._ages, now_s)
        ages_s = [age_s for _, age_s in self._ages]
        return _MS_PER_S * sum(ages_s) / len(ages_s) if ages_s else math.nan

    def rate_kbps(self, now_s: float) -> float:
        """Return what was sent within the last second."""
        _forget(self._recent, now_s)
        return _BITS_PER_BYTE * sum(size for _, size in self._recent) / _WINDOW_S / _PER_KILO

    def is_due(self, now_s: float) -> bool:
        """Say whether a status is to be written now, which counts as done."""
        if self.last is None:
            return False
        fields = self.last.frame.header
        choice = fields.width, fields.rate, self.reason
        if choice == self._said and now_s - self._said_s < _STATUS_PERIOD_S:
            return False
        self._said, self._said_s = choice, now_s
        return True


def _forget(values: deque[tuple[float, float]], now_s: float) -> None:
    while values and now_s - values[0][0] > _WINDOW_S:
        values.popleft()
