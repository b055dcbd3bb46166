"""Which of the frames that were sent lately arrived at the server, by its reports."""

from collections import OrderedDict
from threading import Lock

from slim_split_ros.ros.health.findings import WINDOW_S

_HEARD_WITHIN_S = 1.0
# Reports come ten times a second; what none of them named by then is lost.
_REPORTED_WITHIN_S = 1.0


class Deliveries:
    """
    Remember frames of the last seconds, from any thread.

    >>> deliveries = Deliveries()
    >>> for sequence in range(4):
    ...     deliveries.sent(sequence, 0.1 * sequence)
    >>> deliveries.reported([0, 1, 3], 7, 0.5), deliveries.loss(1.6), deliveries.receivers(1.4)
    (None, 0.25, [7])
    """

    def __init__(self) -> None:
        self._frames: OrderedDict[int, tuple[float, bool]] = OrderedDict()
        self._heard: dict[int, float] = {}
        # When the oldest frame was sent since which no report came; None while none waits for one.
        self._waiting_since_s: float | None = None
        self._lock = Lock()

    def sent(self, sequence: int, now_s: float) -> None:
        """Note a frame."""
        with self._lock:
            self._forget(now_s)
            # A server stops reporting to who sends nothing: the time of a pause is no silence.
            if self._waiting_since_s is None or not self._frames:
                self._waiting_since_s = now_s
            self._frames[sequence] = (now_s, False)

    def reported(self, sequences: list[int], receiver_id: int, now_s: float) -> None:
        """Note a report of a server on these frames."""
        with self._lock:
            self._waiting_since_s = None
            self._heard = {server: heard_s for server, heard_s in self._heard.items()
                           if now_s - heard_s <= WINDOW_S} | {receiver_id: now_s}
            for sequence in sequences:
                if sequence in self._frames:
                    self._frames[sequence] = (self._frames[sequence][0], True)

    def silence_s(self, now_s: float) -> float:
        """Return how long frames have been sent without a report; 0 if none was sent lately."""
        with self._lock:
            self._forget(now_s)
            if self._waiting_since_s is None or not self._frames:
                return 0.0
            return now_s - self._waiting_since_s

    def receivers(self, now_s: float) -> list[int]:
        """Return the servers that reported within the last second."""
        with self._lock:
            return [server for server, heard_s in self._heard.items()
                    if now_s - heard_s <= _HEARD_WITHIN_S]

    def loss(self, now_s: float) -> float | None:
        """Return the share of frames of the last seconds that did not arrive; None of none."""
        with self._lock:
            settled = [arrived for sent_s, arrived in self._frames.values()
                       if _REPORTED_WITHIN_S < now_s - sent_s <= WINDOW_S]
        return settled.count(False) / len(settled) if settled else None

    def _forget(self, now_s: float) -> None:
        while self._frames and now_s - next(iter(self._frames.values()))[0] > WINDOW_S:
            self._frames.popitem(last=False)
