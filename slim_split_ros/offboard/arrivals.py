"""Answer what the offboard side tells a robot about its frames; the clock is an argument."""

from collections import OrderedDict
from dataclasses import replace
import math
from threading import Lock

from slim_split_ros.control import Arrival, LinkReportData

# 3 s at 10 frames per second, in 0.7 kB: reports share the air with the frames.
REPORT_LENGTH = 32
# At once after an arrival, but not more often than this; in silence less often, so that a link
# without arrivals differs from a server that is gone.
_SHORTEST_GAP_S = 0.05
_SILENCE_GAP_S = 0.1
# A sender that sent nothing for so long is gone.
_FORGET_S = 10.0
_SENDERS = 8


class _Sender:
    def __init__(self) -> None:
        self.arrivals: OrderedDict[int, Arrival] = OrderedDict()
        self.last_arrival_s = -math.inf
        self.last_report_s = -math.inf
        self.reports = 0

    def is_due(self, now_s: float) -> bool:
        has_news = self.last_arrival_s > self.last_report_s
        gap_s = _SHORTEST_GAP_S if has_news else _SILENCE_GAP_S
        is_gone = now_s - self.last_arrival_s > _FORGET_S
        return not is_gone and now_s - self.last_report_s >= gap_s


class ArrivalLog:
    """
    Remember the newest arrivals of each sender and report them, overlapping, oldest first.

    A sender is named by its start: a restarted one is new. Shared by the thread that receives
    and the one that decodes.
    """

    def __init__(self, receiver_id: int) -> None:
        self._receiver_id = receiver_id
        self._senders: OrderedDict[int, _Sender] = OrderedDict()
        self._lock = Lock()

    def arrived(self, sender_start_ns: int, sequence: int, now_s: float, size: int) -> None:
        """Note a frame of so many serialized bytes."""
        with self._lock:
            sender = self._senders.setdefault(sender_start_ns, _Sender())
            self._senders.move_to_end(sender_start_ns)
            sender.last_arrival_s = now_s
            sender.arrivals[sequence] = Arrival(sequence, now_s, size)
            sender.arrivals.move_to_end(sequence)
            _trim(sender.arrivals, REPORT_LENGTH)
            _trim(self._senders, _SENDERS)

    def decoded(self, sender_start_ns: int, sequence: int, server_s: float) -> None:
        """Note how long it took from the arrival to detections."""
        with self._lock:
            sender = self._senders.get(sender_start_ns)
            if sender and sequence in sender.arrivals:
                arrival = sender.arrivals[sequence]
                sender.arrivals[sequence] = replace(arrival, server_s=server_s)

    def due_reports(self, now_s: float) -> dict[int, LinkReportData]:
        """Make the reports that are due, by the start of the sender they are for."""
        with self._lock:
            return {
                start_ns: self._report(sender, now_s)
                for start_ns, sender in self._senders.items() if sender.is_due(now_s)}

    def _report(self, sender: _Sender, now_s: float) -> LinkReportData:
        number = sender.reports
        sender.reports += 1
        sender.last_report_s = now_s
        return LinkReportData(
            self._receiver_id, number, now_s, tuple(sender.arrivals.values()))


def _trim(items: OrderedDict, limit: int) -> None:
    while len(items) > limit:
        items.popitem(last=False)
