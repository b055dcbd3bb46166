"""What a node says about its frames: counted always, logged once a period and reason."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import math
from threading import Lock
import time
import traceback

from rclpy.node import Node

FAILURE = 'failure'
WINDOW_S = 1.0
_BITS_PER_BYTE = 8
_MS_PER_S = 1000.0
_PER_KILO = 1000
_PERIOD_S = 5.0


@dataclass(frozen=True, slots=True)
class Counters:
    """State the counts since the start, and the bitrate within the last second."""

    frames_in: int
    frames_sent: int
    dropped: Mapping[str, int]
    rate_kbps: float


@dataclass(frozen=True, slots=True)
class AnswerCounts:
    """State what came back since the start; `answer_ms` is of the last second, NaN if none."""

    answered: int = 0
    late: int = 0
    refused: int = 0
    answer_ms: float = math.nan
    reports_refused: int = 0


class Recent:
    """
    Keep values of the last second.

    >>> recent = Recent()
    >>> recent.add(3.0, 0.0), recent.add(5.0, 0.5), recent.mean(0.9), recent.total(1.2)
    (None, None, 4.0, 5.0)
    """

    def __init__(self) -> None:
        self._values: deque[tuple[float, float]] = deque()

    def add(self, value: float, now_s: float) -> None:
        """Keep a value."""
        self._values.append((now_s, value))
        self._forget(now_s)

    def total(self, now_s: float) -> float:
        """Return the sum."""
        self._forget(now_s)
        return sum(value for _, value in self._values)

    def count(self, now_s: float) -> int:
        """Return how many there are."""
        self._forget(now_s)
        return len(self._values)

    def mean(self, now_s: float) -> float:
        """Return the mean; NaN if there is none."""
        return self.total(now_s) / len(self._values) if self.count(now_s) else math.nan

    def _forget(self, now_s: float) -> None:
        while self._values and now_s - self._values[0][0] > WINDOW_S:
            self._values.popleft()


class FrameCounters:
    """
    Count frames from several threads, and in `total` too.

    >>> counters = FrameCounters()
    >>> counters.came(), counters.dropped('encoding'), counters.snapshot(0.0).dropped
    (None, 1, {'encoding': 1})
    """

    def __init__(self, total: 'FrameCounters | None' = None) -> None:
        self._total = total
        self._lock = Lock()
        self._frames_in = 0
        self._frames_sent = 0
        self._dropped: Counter[str] = Counter()
        self._sent = Recent()

    def came(self) -> None:
        """Count a frame that arrived."""
        with self._lock:
            self._frames_in += 1
        if self._total:
            self._total.came()

    def dropped(self, reason: str, number: int = 1) -> int:
        """Count frames that went nowhere, and return how many did for this one-word reason."""
        if self._total:
            self._total.dropped(reason, number)
        with self._lock:
            if number:
                self._dropped[reason] += number
            return self._dropped[reason]

    def sent(self, size_bytes: int, now_s: float) -> None:
        """Count a frame that was handed to the middleware, of so many serialized bytes."""
        with self._lock:
            self._frames_sent += 1
            self._sent.add(size_bytes, now_s)
        if self._total:
            self._total.sent(size_bytes, now_s)

    def snapshot(self, now_s: float) -> Counters:
        """State everything as it is now."""
        with self._lock:
            return Counters(self._frames_in, self._frames_sent, dict(self._dropped),
                            rate_kbps(self._sent.total(now_s)))


def rate_kbps(window_bytes: float) -> float:
    """Return the bitrate of so many bytes within the last second."""
    return _BITS_PER_BYTE * window_bytes / WINDOW_S / _PER_KILO


class AnswerCounters:
    """Count what comes back, answers and reports, from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answered = self._late = self._refused = self._reports_refused = 0
        self._ages = Recent()

    def answered(self, age_s: float, deadline_s: float, now_s: float) -> None:
        """Count an answer to a frame that was captured so long ago."""
        with self._lock:
            self._answered += 1
            self._late += age_s > deadline_s
            self._ages.add(age_s, now_s)

    def refused(self) -> int:
        """Count an answer that is not taken, and return how many were not."""
        with self._lock:
            self._refused += 1
            return self._refused

    def report_refused(self) -> int:
        """Count a report that is not believed, and return how many were not."""
        with self._lock:
            self._reports_refused += 1
            return self._reports_refused

    def snapshot(self, now_s: float) -> AnswerCounts:
        """State everything as it is now."""
        with self._lock:
            return AnswerCounts(
                self._answered, self._late, self._refused, _MS_PER_S * self._ages.mean(now_s),
                self._reports_refused)


class Throttle:
    """
    Let each kind of message through once a period.

    >>> throttle = Throttle(period_s=5.0)
    >>> [throttle.admits('cut', now_s) for now_s in (0.0, 1.0, 6.0)]
    [True, False, True]
    """

    def __init__(self, period_s: float = _PERIOD_S) -> None:
        self._period_s = period_s
        self._written_s: dict[str, float] = {}

    def admits(self, kind: str, now_s: float) -> bool:
        """Say whether one of this kind is written now."""
        if now_s - self._written_s.get(kind, -self._period_s) < self._period_s:
            return False
        self._written_s[kind] = now_s
        return True


class Diagnostics:
    """Count dropped frames by reason, of a robot, and log each every few seconds at most."""

    def __init__(self, node: Node, counters: FrameCounters, robot: str = '') -> None:
        self._node = node
        self._prefix = f'{robot}: ' if robot else ''
        self._counters = counters
        self._throttle = Throttle()
        self._said: dict[str, tuple[float, str]] = {}

    @property
    def sentences(self) -> Mapping[str, str]:
        """What was said last, by reason."""
        return newest_sentences([self])

    def dropped(self, reason: str, sentence: str, number: int = 1) -> None:
        """Count frames as dropped and say why, and how many so far."""
        total = self._counters.dropped(reason, number)
        now_s = time.monotonic()
        self._said[reason] = now_s, self._prefix + sentence
        if self._throttle.admits(reason, now_s):
            self._node.get_logger().warning(
                f'{self._prefix}{sentence} ({reason}: {total} so far)')

    def failed(self, error: Exception) -> None:
        """Count a frame that failed in a way nobody foresaw, and show where."""
        # While shutting down the publishers fail under the last frame: no news.
        if self._node.context.ok():
            self.dropped(FAILURE, ''.join(traceback.format_exception(error)).rstrip())


def newest_sentences(all_diagnostics: Iterable[Diagnostics]) -> dict[str, str]:
    """Return what was said last of any of these, by reason."""
    newest: dict[str, tuple[float, str]] = {}
    for diagnostics in all_diagnostics:
        # A copy: other threads add to it.
        for reason, said in dict(diagnostics._said).items():
            newest[reason] = max(said, newest.get(reason, said))
    return {reason: sentence for reason, (_, sentence) in newest.items()}
