"""How long the server takes for a frame, by its reports."""

from collections.abc import Iterable
import math

from slim_split_ros.ros.health.findings import WINDOW_S
from slim_split_ros.wire import ReportedArrival


class ServerTime:
    """
    Keep the time that the frame took which was served last, for as long as that is news.

    >>> server = ServerTime()
    >>> server.reported([ReportedArrival(7, 0.1, 900, 40.0)], 0.2), server.ms(5.0), server.ms(6.0)
    (None, 40.0, nan)
    """

    def __init__(self) -> None:
        self._sequence = -1
        self._ms = math.nan
        self._heard_s = -math.inf

    def reported(self, arrivals: Iterable[ReportedArrival], now_s: float) -> None:
        """Note what a report says, oldest first."""
        served = [arrival for arrival in arrivals if not math.isnan(arrival.server_ms)]
        # Each report names old frames again, for 10 s after the last one.
        if served and served[-1].sequence != self._sequence:
            self._sequence, self._ms, self._heard_s = (
                served[-1].sequence, served[-1].server_ms, now_s)

    def ms(self, now_s: float) -> float:
        """Return the time; NaN if no frame was served lately."""
        return self._ms if now_s - self._heard_s <= WINDOW_S else math.nan
