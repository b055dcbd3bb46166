"""
What the sender knows of the link: deliveries from reports, guarded, for any policy.

Composes the ledger of frames in flight and the path's delays. It predicts nothing: each
policy does that for itself from the deliveries.
"""

from dataclasses import dataclass
from math import inf, isfinite

from slim_split_ros.control.link.arrivals import LinkReportData
from slim_split_ros.control.link.in_flight import InFlight, SentFrame
from slim_split_ros.control.link.path_delay import PathDelay
from slim_split_ros.control.link.service_rate import ServiceRate

# Beyond these an arrival is a lie or a broken clock, and is not used.
LONGEST_ROUND_TRIP_S = 60.0
LONGEST_SERVER_S = 10.0
# A steady clock of the sender that steps by more was suspended or replaced; threads that read
# it before they wait for their turn may go back by a little.
OWN_CLOCK_JUMP_S, OWN_CLOCK_BACK_S = 5.0, 1.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    Hold one frame that arrived, on the sender's clock.

    `begun_s` to `left_s` is when the link was busy with it (propagation taken off);
    `acked_s` when the sender learnt of it; `round_trip_s` without the report's waiting.
    """

    sequence: int
    bits: float
    sent_s: float
    begun_s: float
    left_s: float
    round_trip_s: float
    arrival_s: float
    acked_s: float
    rate_bps: float


class LinkEstimator:
    """Follow frames and reports; wrong reports are ignored and counted."""

    def __init__(self) -> None:
        """Start knowing nothing."""
        self.in_flight = InFlight()
        self.path = PathDelay()
        self.ignored_reports = 0
        self.ignored_arrivals = 0
        self.frontier_s = -inf
        self.last_report_s = -inf
        self._receiver_id: int | None = None
        self._report_sequence = -1
        self._report_sent_s = -inf
        self.last_left_s = -inf
        self._newest_arrived_s = -inf
        self._now_s = -inf
        self._server_known: set[int] = set()
        self._rates = ServiceRate()
        self._last_arrival_s = -inf

    def on_sent(self, frame: SentFrame, now_s: float) -> None:
        """Note a frame handed to the middleware."""
        self._check_own_clock(now_s)
        self.in_flight.add(frame)

    def on_report(self, report: LinkReportData, now_s: float) -> list[Delivery]:
        """Give the deliveries that a report adds, oldest first; none from a wrong one."""
        self._check_own_clock(now_s)
        if not self._is_news(report):
            self.ignored_reports += 1
            return []
        self._report_sequence, self._report_sent_s = report.report_sequence, report.sent_s
        self.last_report_s = now_s
        deliveries = self._deliveries(report, now_s)
        self.path.add_return(report.sent_s, now_s)
        if self.path.is_known:
            self.frontier_s = min(now_s, max(self.path.to_sender_s(report.sent_s),
                                             self.last_left_s))
        self.in_flight.drop_lost(self._newest_arrived_s, now_s)
        return deliveries

    def _deliveries(self, report: LinkReportData, now_s: float) -> list[Delivery]:
        found = []
        for arrival in report.arrivals:
            if not isfinite(arrival.arrival_s) or arrival.arrival_s > report.sent_s + 1e-3:
                self.ignored_arrivals += 1
                continue
            if 0.0 <= arrival.server_s <= LONGEST_SERVER_S:
                self._note_server(arrival.sequence, arrival.server_s)
            frame = self.in_flight.take(arrival.sequence)
            if frame is not None:
                found.append((arrival.arrival_s, frame))
        found.sort(key=lambda pair: pair[0])
        return [delivery for arrival_s, frame in found
                if (delivery := self._delivery(frame, arrival_s, report, now_s))]

    def _delivery(self, frame: SentFrame, arrival_s: float, report: LinkReportData,
                  now_s: float) -> Delivery | None:
        round_trip_s = (now_s - frame.sent_s) - (report.sent_s - arrival_s)
        if not 0.0 <= round_trip_s <= LONGEST_ROUND_TRIP_S:
            self.ignored_arrivals += 1
            return None
        if frame.sent_s < self.last_left_s:
            self._rates.add_spacing(frame.bits, arrival_s - self._last_arrival_s, now_s)
        self._last_arrival_s = arrival_s
        one_way_s = arrival_s - frame.sent_s
        self._rates.add_delay(frame.bits, one_way_s)
        least_s = self._rates.transmission_s(frame.bits, now_s)
        if self.path.is_sooner(one_way_s, least_s):
            self._rates.forget_link()
            least_s = 0.0
        queued_s = self.path.add(frame.sent_s, arrival_s, report.sent_s, now_s, least_s)
        begun_s = max(frame.sent_s, self.last_left_s)
        left_s = max(begun_s, frame.sent_s + queued_s)
        self.last_left_s = left_s
        self._newest_arrived_s = max(self._newest_arrived_s, frame.sent_s)
        rate_bps = self._rates.add(frame.bits, left_s - begun_s)
        return Delivery(frame.sequence, frame.bits, frame.sent_s, begun_s, left_s,
                        round_trip_s, arrival_s, now_s, rate_bps)

    def _note_server(self, sequence: int, server_s: float) -> None:
        if sequence not in self._server_known:
            if len(self._server_known) > 256:
                self._server_known.clear()
            self._server_known.add(sequence)
            self.path.add_server(server_s)

    def _is_news(self, report: LinkReportData) -> bool:
        """Refuse broken, repeated and overtaken reports; a new receiver starts afresh."""
        if not isfinite(report.sent_s):
            return False
        if report.receiver_id != self._receiver_id:
            self._start_afresh()
            self._receiver_id = report.receiver_id
            return True
        return (report.report_sequence > self._report_sequence
                and report.sent_s >= self._report_sent_s)

    def _check_own_clock(self, now_s: float) -> None:
        step_s = now_s - self._now_s if self._now_s != -inf else 0.0
        if not -OWN_CLOCK_BACK_S <= step_s <= OWN_CLOCK_JUMP_S:
            self._start_afresh()
            self.in_flight.clear()
            self._now_s = now_s
        self._now_s = max(self._now_s, now_s)

    def _start_afresh(self) -> None:
        """Forget what depended on either side's clock."""
        self.path.clear()
        self._report_sequence, self._report_sent_s = -1, -inf
        self.last_left_s = self._newest_arrived_s = self.frontier_s = -inf
