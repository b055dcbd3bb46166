"""Answer how many frames came, went and were dropped, and for which reason."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

_WINDOW_S = 1.0
_BITS_PER_BYTE = 8
_PER_KILO = 1000


@dataclass(frozen=True, slots=True)
class Tally:
    """State the counts since the start, and the bitrate within the last second."""

    frames_in: int
    frames_sent: int
    dropped: Mapping[str, int]
    rate_kbps: float


class FrameCounts:
    """
    Count frames from several threads.

    >>> counts = FrameCounts()
    >>> counts.came(), counts.dropped('encoding'), counts.tally(0.0).dropped
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

    def tally(self, now_s: float) -> Tally:
        """State everything as it is now."""
        with self._lock:
            self._forget(now_s)
            bits = _BITS_PER_BYTE * sum(size for _, size in self._sent)
            return Tally(self._frames_in, self._frames_sent, dict(self._dropped),
                         bits / _WINDOW_S / _PER_KILO)

    def _forget(self, now_s: float) -> None:
        while self._sent and now_s - self._sent[0][0] > _WINDOW_S:
            self._sent.popleft()
