"""
Which reports to believe: one receiver's, newer than the last, with a clock that went on.

What breaks a rule is not believed at once, and not refused for ever: a counter or a clock may
have been set anew, or the last report was the lie. A few such reports in a row that agree with
one another, with none between them that keeps the rules, are the truth from then on.
"""

from dataclasses import dataclass
from enum import Enum
from math import inf, isfinite

from slim_split_ros.control.link.arrivals import LinkReportData

# Another receiver is listened to once the followed one has been silent for so long.
RECEIVER_SILENCE_S = 1.0
# Reports come at most twenty times a second; a counter that ran faster is wrong.
FASTEST_REPORTS_HZ = 100.0
MOST_AHEAD = 64
# So many agreeing reports, over so long, are believed although they contradict the last one. One
# that was merely overtaken on the way has a newer one right behind it.
AGREEING_REPORTS = 3
AGREEING_S = 0.1
# By how much the clocks of two agreeing reports may run apart.
AGREEING_CLOCKS_S = 1.0


class Verdict(Enum):
    """Name what a report is."""

    IGNORED = 'ignored'
    NEXT = 'next'
    NEW_RECEIVER = 'new receiver'       # nothing of the other's clock holds any more
    RESTARTED = 'restarted'             # the same, and what it said before may have been lies


@dataclass(frozen=True, slots=True)
class OtherReceiver:
    """Hold the two receivers that report on one sender's frames at the same time."""

    followed_id: int
    ignored_id: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """Hold of a report what the next one is compared with, and when it came."""

    sequence: int
    sent_s: float
    heard_s: float

    def is_followed_by(self, report: LinkReportData, now_s: float) -> bool:
        """Say whether a report may be the next of the same receiver, or a later one."""
        passed_s = max(0.0, now_s - self.heard_s)
        ahead = report.report_sequence - self.sequence
        return 0 < ahead <= MOST_AHEAD + FASTEST_REPORTS_HZ * passed_s and \
            report.sent_s >= self.sent_s


class ReportGuard:
    """Follow one receiver; say of each report what it is."""

    def __init__(self) -> None:
        """Start ready to follow whoever reports first."""
        self.other: OtherReceiver | None = None
        self.clear()

    def clear(self) -> None:
        """Follow whoever reports next: the own clock started anew."""
        self._receiver_id: int | None = None
        self._last = self._first_doubted = self._doubted = _Seen(0, -inf, -inf)
        self._agreeing = 0
        self._is_contradicted = False
        self._heard_beside: int | None = None

    def judge(self, report: LinkReportData, latest_sent_s: float, now_s: float) -> Verdict:
        """Say what a report is; it cannot have been sent after `latest_sent_s`, by its clock."""
        if not isfinite(report.sent_s):
            return Verdict.IGNORED
        if report.receiver_id != self._receiver_id:
            return self._judge_another(report, now_s)
        if self._heard_beside is not None:
            self.other = OtherReceiver(report.receiver_id, self._heard_beside)
            self._heard_beside = None
        if report.sent_s <= latest_sent_s and self._last.is_followed_by(report, now_s):
            return self._believe(
                report, now_s, Verdict.RESTARTED if self._is_contradicted else Verdict.NEXT)
        return self._doubt(report, now_s)

    def _judge_another(self, report: LinkReportData, now_s: float) -> Verdict:
        is_followed = self._receiver_id is not None
        if is_followed and now_s - self._last.heard_s < RECEIVER_SILENCE_S:
            self._heard_beside = report.receiver_id
            return Verdict.IGNORED
        self._receiver_id, self._heard_beside = report.receiver_id, None
        return self._believe(report, now_s, Verdict.NEW_RECEIVER)

    def _doubt(self, report: LinkReportData, now_s: float) -> Verdict:
        """Count reports that contradict the last one and agree with one another."""
        last, doubted = self._last, self._doubted
        if report.report_sequence == last.sequence:
            if report.sent_s == last.sent_s:
                return Verdict.IGNORED      # it came twice
            self._is_contradicted = True    # one of the two is a lie, and nobody knows which
        clocks_s = (report.sent_s - doubted.sent_s) - (now_s - doubted.heard_s)
        agrees = self._agreeing and doubted.is_followed_by(report, now_s) and \
            clocks_s <= AGREEING_CLOCKS_S
        self._doubted = _Seen(report.report_sequence, report.sent_s, now_s)
        if not agrees:
            self._first_doubted, self._agreeing = self._doubted, 0
        self._agreeing += 1
        if self._agreeing >= AGREEING_REPORTS and \
                now_s - self._first_doubted.heard_s >= AGREEING_S:
            return self._believe(report, now_s, Verdict.RESTARTED)
        return Verdict.IGNORED

    def _believe(self, report: LinkReportData, now_s: float, verdict: Verdict) -> Verdict:
        self._last = _Seen(report.report_sequence, report.sent_s, now_s)
        self._agreeing, self._is_contradicted = 0, False
        return verdict
