"""What a node says about its frames: counted always, logged once a period and reason."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
import time
import traceback

from rclpy.node import Node

FAILURE = 'failure'
_WINDOW_S = 1.0
_BITS_PER_BYTE = 8
_PER_KILO = 1000
_PERIOD_S = 5.0


@dataclass(frozen=True, slots=True)
class Counters:
    """State the counts since the start, and the bitrate within the last second."""

    frames_in: int
    frames_sent: int
    dropped: Mapping[str, int]
    rate_kbps: float


class FrameCounters:
    """
    Count frames from several threads.

    >>> counters = FrameCounters()
    >>> counters.came(), counters.dropped('encoding'), counters.snapshot(0.0).dropped
    (None, 1, {'encoding': 1})
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._frames_in = 0
        self._frames_sent = 0
        self._dropped: Counter[str] = Counter()
        self._sent: deque[tuple[float, int]] = deque()

    def came(self) -> None:
        """Count a frame that arrived."""
        with self._lock:
            self._frames_in += 1

    def dropped(self, reason: str, number: int = 1) -> int:
        """Count frames that went nowhere, and return how many did for this one-word reason."""
        with self._lock:
            if number:
                self._dropped[reason] += number
            return self._dropped[reason]

    def sent(self, size_bytes: int, now_s: float) -> None:
        """Count a frame that was handed to the middleware, of so many serialized bytes."""
        with self._lock:
            self._frames_sent += 1
            self._sent.append((now_s, size_bytes))
            self._forget(now_s)

    def snapshot(self, now_s: float) -> Counters:
        """State everything as it is now."""
        with self._lock:
            self._forget(now_s)
            bits = _BITS_PER_BYTE * sum(size for _, size in self._sent)
            return Counters(self._frames_in, self._frames_sent, dict(self._dropped),
                            bits / _WINDOW_S / _PER_KILO)

    def _forget(self, now_s: float) -> None:
        while self._sent and now_s - self._sent[0][0] > _WINDOW_S:
            self._sent.popleft()


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
    """Count dropped frames by reason and log each reason at most every few seconds."""

    def __init__(self, node: Node, counters: FrameCounters) -> None:
        self._node = node
        self._counters = counters
        self._throttle = Throttle()

    def dropped(self, reason: str, sentence: str, number: int = 1) -> None:
        """Count frames as dropped and say why, and how many so far."""
        total = self._counters.dropped(reason, number)
        if self._throttle.admits(reason, time.monotonic()):
            self._node.get_logger().warning(f'{sentence} ({reason}: {total} so far)')

    def failed(self, error: Exception) -> None:
        """Count a frame that failed in a way nobody foresaw, and show where."""
        # While shutting down the publishers fail under the last frame: no news.
        if self._node.context.ok():
            self.dropped(FAILURE, ''.join(traceback.format_exception(error)).rstrip())
