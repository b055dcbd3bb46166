"""What the server tells one robot of its frames: the newest arrivals, and when a report is due."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
import math

# 1.2 s at 10 frames per second, in 0.3 kB: reports share the air with the frames, and more of them
# bring nothing (docs/experiments.md).
REPORT_LENGTH = 12
# At once after an arrival, but not more often than this; in silence less often, so that a link
# without arrivals differs from a server that is gone.
_SHORTEST_GAP_S = 0.05
_SILENCE_GAP_S = 0.1
# A number that is further behind is of numbers that start again: a frame that somebody invented
# far ahead must not be the newest for ever.
_MOST_OVERTAKEN = 64


@dataclass(frozen=True, slots=True)
class Arrival:
    """
    Hold one frame's arrival on the server's steady clock.

    `server_s` runs from the arrival to detections, waiting included: NaN until then, and for good
    if the frame was dropped.
    """

    sequence: int
    arrival_s: float
    message_bytes: int
    server_s: float = math.nan


@dataclass(frozen=True, slots=True)
class Report:
    """
    Hold what one sender is told, arrivals oldest first.

    `decoded_sequence` is the newest frame that was decoded, -1 before the first.
    """

    sender_start_ns: int
    receiver_id: int
    report_sequence: int
    sent_s: float
    arrivals: tuple[Arrival, ...]
    decoded_sequence: int = -1


class ArrivalLog:
    """Remember the newest arrivals of one sender; reports overlap, so that one may be lost."""

    def __init__(self, first_report: int) -> None:
        self._arrivals: OrderedDict[int, Arrival] = OrderedDict()
        self._served: Arrival | None = None
        self._decoded_sequence = -1
        self._last_report_s = -math.inf
        self.last_arrival_s = -math.inf
        self.next_report = first_report

    def add(self, arrival: Arrival) -> None:
        """Note a frame; one of the same number takes the place of the one before."""
        self.last_arrival_s = arrival.arrival_s
        self._arrivals[arrival.sequence] = arrival
        self._arrivals.move_to_end(arrival.sequence)
        if len(self._arrivals) > REPORT_LENGTH:
            self._arrivals.popitem(last=False)

    def served(self, arrival: Arrival) -> None:
        """Note a frame whose server time is known, though newer ones may have pushed it out."""
        self._served = arrival
        if arrival.sequence in self._arrivals:
            self._arrivals[arrival.sequence] = arrival

    def decoded(self, sequence: int) -> None:
        """Note a frame that was decoded: the robot learns whether what it sends can be used."""
        if not 0 < self._decoded_sequence - sequence <= _MOST_OVERTAKEN:
            self._decoded_sequence = sequence

    def is_due(self, now_s: float) -> bool:
        """Say whether a report is due."""
        has_news = self.last_arrival_s > self._last_report_s
        gap_s = _SHORTEST_GAP_S if has_news else _SILENCE_GAP_S
        return now_s - self._last_report_s >= gap_s

    def make_report(self, sender_start_ns: int, receiver_id: int, now_s: float) -> Report:
        """Make the next report."""
        number = self.next_report
        self.next_report += 1
        self._last_report_s = now_s
        arrivals = tuple(self._arrivals.values())
        # At 60 frames per second these are a fifth of a second, which a slow server takes for one.
        if self._served and self._served.sequence not in self._arrivals:
            arrivals = (self._served, *arrivals[1:])
        return Report(
            sender_start_ns, receiver_id, number, now_s, arrivals, self._decoded_sequence)
