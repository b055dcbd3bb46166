"""What each replica did lately, as far as its answers tell one node."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Lock

from slim_split_ros.fleet.messages import Answer

WINDOW_S = 5.0
# More than one node keeps busy; of others nothing is said.
_MOST_REPLICAS = 32
_MS_PER_S = 1000.0


@dataclass(frozen=True, slots=True)
class ReplicaFigures:
    """State means over the last seconds: frames a second, service and the rest, batch."""

    rate_fps: float
    service_ms: float
    elsewhere_ms: float
    together: float


@dataclass(frozen=True, slots=True)
class _Seen:
    now_s: float
    took_s: float
    service_s: float
    together: int


class ReplicaLog:
    """
    Keep the answers of the last seconds by replica; one that says nothing more is forgotten.

    For several threads: answers come in that of the connection, others want to know.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: dict[str, deque[_Seen]] = {}

    def add(self, answer: Answer, took_s: float, now_s: float) -> None:
        """Note an answer that came so long after its request."""
        with self._lock:
            if not answer.replica or (
                    answer.replica not in self._seen and len(self._seen) >= _MOST_REPLICAS):
                return
            self._seen.setdefault(answer.replica, deque()).append(
                _Seen(now_s, took_s, answer.service_s, answer.together))
            self._forget(now_s)

    def figures(self, now_s: float) -> dict[str, ReplicaFigures]:
        """Return what is known, by the names that Serve gives replicas."""
        with self._lock:
            self._forget(now_s)
            return {name: _means(seen) for name, seen in sorted(self._seen.items())}

    def _forget(self, now_s: float) -> None:
        for name, seen in list(self._seen.items()):
            while seen and now_s - seen[0].now_s > WINDOW_S:
                seen.popleft()
            if not seen:
                del self._seen[name]


def _means(seen: deque[_Seen]) -> ReplicaFigures:
    number = len(seen)
    service_s = sum(each.service_s for each in seen) / number
    # Queue, batch and the way there and back.
    elsewhere_s = sum(each.took_s - each.service_s for each in seen) / number
    return ReplicaFigures(
        number / WINDOW_S, _MS_PER_S * service_s, _MS_PER_S * elsewhere_s,
        sum(each.together for each in seen) / number)
