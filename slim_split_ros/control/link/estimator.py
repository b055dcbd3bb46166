"""
What the sender knows of the link: deliveries from reports, guarded, for any policy.

Composes the ledger of frames in flight, the path's delays, the capacity and the server's time.
It predicts nothing: each policy does that for itself.
"""

from math import inf, isfinite

from slim_split_ros.control.link.arrivals import Arrival, LinkReportData
from slim_split_ros.control.link.capacity_history import CapacityHistory
from slim_split_ros.control.link.in_flight import Delivery, InFlight, SentFrame
from slim_split_ros.control.link.path_delay import PathDelay
from slim_split_ros.control.link.report_guard import ReportGuard, Verdict
from slim_split_ros.control.link.server_time import ServerTime
from slim_split_ros.control.link.service_rate import ServiceRate
from slim_split_ros.control.link.stream import VideoStream
from slim_split_ros.control.link.video_service import VideoService

# Beyond this an arrival is a lie or a broken clock, and is not used.
LONGEST_ROUND_TRIP_S = 60.0
# A report has no more; what stands before the newest ones is not looked at.
MOST_ARRIVALS = 64
# What arrived before the last report stood in it, give or take a receiver that was busy.
LATEST_NOTE_S = 0.15
# Nothing arrives after the report that says so; a report is made a little after its time is read.
REPORT_SLACK_S = 1e-3
# A steady clock of the sender that steps by more was suspended or replaced; threads that read
# it before they wait for their turn may go back by a little.
OWN_CLOCK_JUMP_S, OWN_CLOCK_BACK_S = 5.0, 1.0


class LinkEstimator:
    """Follow frames and reports; wrong reports and wrong arrivals change nothing."""

    def __init__(self) -> None:
        """Start knowing nothing."""
        self.in_flight = InFlight()
        self.path = PathDelay()
        self.history = CapacityHistory()
        self.server = ServerTime()
        self.stream, self.video_service = VideoStream(), VideoService()
        self.reports = ReportGuard()
        self._now_s = -inf
        self._rates = ServiceRate()
        self._forget_clocks()

    def on_sent(self, frame: SentFrame, now_s: float) -> None:
        """Note a frame handed to the middleware."""
        self._check_own_clock(now_s)
        self.in_flight.add(frame)

    def on_report(self, report: LinkReportData, now_s: float) -> list[Delivery]:
        """Give the deliveries that a report adds, oldest first; none from a wrong one."""
        self._check_own_clock(now_s)
        verdict = self.reports.judge(report, self.path.latest_sent_s(now_s), now_s)
        if verdict is Verdict.IGNORED:
            return []
        if verdict is not Verdict.NEXT:
            self._forget_clocks()
        if verdict is Verdict.RESTARTED:
            self.history = CapacityHistory()
            self._rates = ServiceRate()
        arrivals = report.arrivals[-MOST_ARRIVALS:]
        deliveries = self._deliveries(arrivals, report.sent_s, now_s)
        answers = {arrival.sequence: arrival.server_s for arrival in arrivals}
        self.server.add_answers(answers, report.sent_s)
        self._reported_s = report.sent_s
        self.path.add_return(report.sent_s, now_s)
        if self.path.is_known:
            self.frontier_s = min(now_s, max(self.path.to_sender_s(report.sent_s),
                                             self.last_left_s))
        lost = self.in_flight.drop_lost(self._newest_arrived_s, now_s)
        self.stream.on_report(deliveries, lost, report, self.server.response_s)
        self.video_service.on_report(answers, report.decoded_sequence)
        return deliveries

    def _deliveries(
            self, arrivals: tuple[Arrival, ...], report_s: float, now_s: float) -> list[Delivery]:
        found = []
        for arrival in arrivals:
            frame = self.in_flight.find(arrival.sequence)
            if frame and self._is_possible(frame, arrival.arrival_s, report_s, now_s):
                self.in_flight.take(arrival.sequence)
                found.append((arrival.arrival_s, frame))
        found.sort(key=lambda pair: pair[0])
        return [self._delivery(frame, arrival_s, report_s, now_s) for arrival_s, frame in found]

    def _is_possible(
            self, frame: SentFrame, arrival_s: float, report_s: float, now_s: float) -> bool:
        """Say whether a frame can have arrived then; it stays on its way until one says so."""
        if not isfinite(arrival_s) or arrival_s > report_s + REPORT_SLACK_S:
            return False
        round_trip_s = (now_s - frame.sent_s) - (report_s - arrival_s)
        if not 0.0 <= round_trip_s <= LONGEST_ROUND_TRIP_S:
            return False
        if arrival_s < self._reported_s - LATEST_NOTE_S:
            return False
        return not self.path.is_before_sending(arrival_s - frame.sent_s)

    def _delivery(
            self, frame: SentFrame, arrival_s: float, report_s: float, now_s: float) -> Delivery:
        if frame.sent_s < self.last_left_s:
            self._rates.add_spacing(frame.bits, arrival_s - self._last_arrival_s, now_s)
        self._last_arrival_s = arrival_s
        one_way_s = arrival_s - frame.sent_s
        self._rates.add_delay(frame.bits, one_way_s)
        least_s = self._rates.transmission_s(frame.bits, now_s)
        if self.path.is_sooner(one_way_s, least_s):
            self._rates.forget_link()
            least_s = 0.0
        queued_s = self.path.add(frame.sent_s, arrival_s, report_s, now_s, least_s)
        begun_s = max(frame.sent_s, self.last_left_s)
        left_s = max(begun_s, frame.sent_s + queued_s)
        self.last_left_s = left_s
        self._newest_arrived_s = max(self._newest_arrived_s, frame.sent_s)
        delivery = Delivery(
            frame.sequence, frame.bits, frame.sent_s, begun_s, left_s,
            (now_s - frame.sent_s) - (report_s - arrival_s), arrival_s,
            self._rates.add(frame.bits, left_s - begun_s))
        self.history.add(delivery)
        self.server.add_arrival(frame.sequence, arrival_s)
        return delivery

    def _check_own_clock(self, now_s: float) -> None:
        step_s = now_s - self._now_s if self._now_s != -inf else 0.0
        if not -OWN_CLOCK_BACK_S <= step_s <= OWN_CLOCK_JUMP_S:
            self._forget_clocks()
            self.reports.clear()
            self.in_flight.clear()
            self._now_s = now_s
        self._now_s = max(self._now_s, now_s)

    def _forget_clocks(self) -> None:
        """Forget what depended on either side's clock."""
        self.path.clear()
        self.server.clear()
        self.stream.break_off()     # another server has decoded nothing of it
        self.last_left_s = self.frontier_s = -inf
        self._newest_arrived_s = self._last_arrival_s = self._reported_s = -inf
