"""What the offboard node counts of its own work, and the status message that says so."""

from dataclasses import dataclass
from threading import Lock

from builtin_interfaces.msg import Time

from slim_split_ros.msg import ServerStatus
from slim_split_ros.offboard import Load
from slim_split_ros.ros.health.diagnostics import (
    WINDOW_S,
    Counters,
    FrameCounters,
    Recent,
    rate_kbps,
)

_MS_PER_S = 1000.0


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """Name what a server serves with; all empty while no model is loaded."""

    model: str = ''
    fingerprint: int = 0
    coders: tuple[str, ...] = ()
    detector: str = ''
    place: str = ''


@dataclass(frozen=True, slots=True)
class Service:
    """
    State what was served since the start, and within the last second; NaN ms if nothing was.

    `service_s` is the time since the start that decoding and detecting took.
    """

    frames: Counters
    service_s: float
    rate_fps: float
    server_ms: float
    rate_kbps: float


class ServiceCounters:
    """Count frames, times and bytes that go back, from several threads, and in `total` too."""

    def __init__(self, total: 'ServiceCounters | None' = None) -> None:
        self._total = total
        self.frames = FrameCounters(total and total.frames)
        self._service_s = 0.0
        self._times, self._back = Recent(), Recent()
        self._lock = Lock()

    def served(self, server_s: float, now_s: float) -> None:
        """Count a frame whose detections are published."""
        self.frames.sent(0, now_s)
        self._timed(server_s, now_s)

    def sent_back(self, message_bytes: int, now_s: float) -> None:
        """Count the serialized bytes of an answer or a report."""
        with self._lock:
            self._back.add(message_bytes, now_s)
        if self._total:
            self._total.sent_back(message_bytes, now_s)

    def spent(self, service_s: float) -> None:
        """Count the time that decoding and detecting took."""
        with self._lock:
            self._service_s += service_s
        if self._total:
            self._total.spent(service_s)

    def snapshot(self, now_s: float) -> Service:
        """State everything as it is now."""
        with self._lock:
            return Service(
                self.frames.snapshot(now_s), self._service_s, self._times.count(now_s) / WINDOW_S,
                _MS_PER_S * self._times.mean(now_s), rate_kbps(self._back.total(now_s)))

    def _timed(self, server_s: float, now_s: float) -> None:
        with self._lock:
            self._times.add(server_s, now_s)
        if self._total:
            self._total._timed(server_s, now_s)


def server_status_message(
    state: str, facts: ServerFacts, service: Service, load: Load, stamp: Time
) -> ServerStatus:
    """Make the message that says what the offboard node does."""
    counters = service.frames
    return ServerStatus(
        stamp=stamp, state=state, model=facts.model, fingerprint=facts.fingerprint,
        coders=list(facts.coders), detector=facts.detector, place=facts.place,
        frames_in=counters.frames_in, frames_served=counters.frames_sent,
        drop_reasons=list(counters.dropped), drop_counts=list(counters.dropped.values()),
        senders=load.senders, waiting=load.waiting, rate_fps=service.rate_fps,
        server_ms=service.server_ms, rate_kbps=service.rate_kbps)
