"""Answer what the offboard side tells a robot about its frames; the clock is an argument."""

from collections import OrderedDict
from dataclasses import replace
from threading import Lock

from slim_split_ros.control.arrivals import Arrival, LinkReportData

# As many as a report holds: 64 frames are 2 s at 30 Hz.
REPORT_LENGTH = 64
# After this silence of a sender nothing is reported to it: it learns nothing new.
_QUIET_S = 1.0
_SENDERS = 8


class _Sender:
    def __init__(self) -> None:
        self.arrivals: OrderedDict[int, Arrival] = OrderedDict()
        self.last_s = 0.0
        self.reports = 0


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
            sender.last_s = now_s
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

    def reports(self, now_s: float) -> dict[int, LinkReportData]:
        """Make one report for each sender, by its start, heard of within the last second."""
        with self._lock:
            return {
                start_ns: self._report(sender, now_s)
                for start_ns, sender in self._senders.items()
                if now_s - sender.last_s <= _QUIET_S}

    def _report(self, sender: _Sender, now_s: float) -> LinkReportData:
        number = sender.reports
        sender.reports += 1
        return LinkReportData(
            self._receiver_id, number, now_s, tuple(sender.arrivals.values()))


def _trim(items: OrderedDict, limit: int) -> None:
    while len(items) > limit:
        items.popitem(last=False)
