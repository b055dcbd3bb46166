"""Which reports are believed, and how soon the truth is again after a lie."""

from math import inf, nan

import pytest

from slim_split_ros.control.link.arrivals import LinkReportData
from slim_split_ros.control.link.report_guard import OtherReceiver, ReportGuard, Verdict


def report(sequence: int, sent_s: float, receiver_id: int = 1) -> LinkReportData:
    return LinkReportData(receiver_id, sequence, sent_s, ())


def judge(guard: ReportGuard, sequence: int, now_s: float, sent_s: float | None = None,
          receiver_id: int = 1) -> Verdict:
    """Judge a report of a clock that runs 100 s ahead, if not told otherwise."""
    sent_s = 100.0 + now_s if sent_s is None else sent_s
    return guard.judge(report(sequence, sent_s, receiver_id), 100.2 + now_s, now_s)


@pytest.fixture
def guard() -> ReportGuard:
    """Follow receiver 1, whose reports 0 to 9 came until 0.9 s."""
    guard = ReportGuard()
    verdicts = [judge(guard, sequence, 0.1 * sequence) for sequence in range(10)]
    assert verdicts == [Verdict.NEW_RECEIVER] + 9 * [Verdict.NEXT]
    return guard


def verdicts_from(guard: ReportGuard, sequence: int, begin_s: float, count: int = 5
                  ) -> list[Verdict]:
    return [judge(guard, sequence + index, begin_s + 0.1 * index) for index in range(count)]


def test_a_report_that_was_overtaken_or_came_twice_changes_nothing(guard: ReportGuard) -> None:
    assert judge(guard, 9, 0.95, 100.9) is Verdict.IGNORED
    assert judge(guard, 7, 0.96, 100.7) is Verdict.IGNORED
    assert judge(guard, 10, 1.0) is Verdict.NEXT


@pytest.mark.parametrize('sequence, sent_s', [
    (2 ** 32 - 1, 101.0), (2 ** 31, 101.0), (10, 1e9), (2 ** 32 - 1, 1e300), (10, nan), (10, inf),
    (10, -inf), (10, 0.0)])
def test_one_odd_report_does_nothing_at_all(
        guard: ReportGuard, sequence: int, sent_s: float) -> None:
    assert judge(guard, sequence, 0.95, sent_s) is Verdict.IGNORED
    assert verdicts_from(guard, 10, 1.0) == 5 * [Verdict.NEXT]


@pytest.mark.parametrize('sequence, sent_s', [(2 ** 31, 150.0), (2 ** 32 - 1, 1e12)])
def test_after_a_receiver_that_began_with_a_lie_the_third_true_report_is_believed(
        sequence: int, sent_s: float) -> None:
    guard = ReportGuard()
    assert judge(guard, sequence, 0.0, sent_s) is Verdict.NEW_RECEIVER
    assert verdicts_from(guard, 5, 0.1) == [
        Verdict.IGNORED, Verdict.IGNORED, Verdict.RESTARTED, Verdict.NEXT, Verdict.NEXT]


def test_a_counter_that_restarts_is_believed_after_a_few_in_a_row(guard: ReportGuard) -> None:
    assert verdicts_from(guard, 0, 1.0) == [
        Verdict.IGNORED, Verdict.IGNORED, Verdict.RESTARTED, Verdict.NEXT, Verdict.NEXT]


def test_a_burst_of_lies_is_not_believed_however_well_they_agree(guard: ReportGuard) -> None:
    burst = [judge(guard, 5000 + index, 0.95 + 1e-4 * index) for index in range(300)]
    assert set(burst) == {Verdict.IGNORED}
    assert verdicts_from(guard, 10, 1.0) == 5 * [Verdict.NEXT]


def test_after_lies_that_kept_every_rule_everything_is_learnt_anew(guard: ReportGuard) -> None:
    assert [judge(guard, 10 + index, 0.91 + 0.01 * index) for index in range(5)] == \
        5 * [Verdict.NEXT]
    assert Verdict.RESTARTED in verdicts_from(guard, 10, 1.0, count=7)


def test_two_reports_of_one_number_make_the_next_a_restart(guard: ReportGuard) -> None:
    judge(guard, 10, 0.95)
    assert verdicts_from(guard, 10, 1.0, count=3) == [
        Verdict.IGNORED, Verdict.RESTARTED, Verdict.NEXT]


def test_reports_lost_in_an_outage_of_minutes_are_no_lie(guard: ReportGuard) -> None:
    assert judge(guard, 6000, 601.0) is Verdict.NEXT


def test_another_receiver_is_ignored_while_the_followed_one_speaks(guard: ReportGuard) -> None:
    for index in range(50):
        now_s = 1.0 + 0.1 * index
        assert judge(guard, index, now_s + 0.01, receiver_id=2) is Verdict.IGNORED
        assert judge(guard, 10 + index, now_s + 0.05) is Verdict.NEXT
    assert guard.other == OtherReceiver(followed_id=1, ignored_id=2)


def test_another_receiver_is_followed_once_the_first_was_silent_for_a_second(
        guard: ReportGuard) -> None:
    assert judge(guard, 0, 1.8, receiver_id=2) is Verdict.IGNORED
    assert judge(guard, 1, 1.95, receiver_id=2) is Verdict.NEW_RECEIVER
    assert guard.other is None      # a server that was restarted is no second one
