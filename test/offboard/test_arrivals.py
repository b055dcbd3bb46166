"""Tests of what the server remembers of one sender's frames and reports."""

from __future__ import annotations

import math

from slim_split_ros.offboard.arrivals import REPORT_LENGTH, Arrival, ArrivalLog, Report

START_NS = 1_700_000_000_000_000_001


def log_with(*arrivals: Arrival) -> ArrivalLog:
    log = ArrivalLog(first_report=0)
    for arrival in arrivals:
        log.add(arrival)
    return log


def report_of(log: ArrivalLog, now_s: float) -> Report:
    return log.make_report(START_NS, receiver_id=7, now_s=now_s)


def test_a_report_holds_arrivals_oldest_first_with_server_times_once_known() -> None:
    log = log_with(Arrival(3, 1.0, 900), Arrival(4, 1.1, 950))
    log.served(Arrival(3, 1.0, 900, 0.025))

    report = report_of(log, now_s=1.2)

    assert (report.sender_start_ns, report.receiver_id, report.sent_s) == (START_NS, 7, 1.2)
    assert report.arrivals[0] == Arrival(3, 1.0, 900, 0.025)
    assert report.arrivals[1].sequence == 4
    assert math.isnan(report.arrivals[1].server_s)


def test_reports_overlap_and_are_numbered_from_the_first() -> None:
    log = ArrivalLog(first_report=40)
    log.add(Arrival(0, 1.0, 900))
    first = report_of(log, 1.05)
    log.add(Arrival(1, 1.1, 900))
    second = report_of(log, 1.15)
    assert (first.report_sequence, second.report_sequence) == (40, 41)
    assert [arrival.sequence for arrival in second.arrivals] == [0, 1]


def test_a_report_holds_no_more_than_the_newest() -> None:
    log = log_with(*(Arrival(sequence, sequence / 100, 900) for sequence in range(100)))
    newest = [arrival.sequence for arrival in report_of(log, 1.0).arrivals]
    assert newest == list(range(100 - REPORT_LENGTH, 100))


def test_a_frame_served_so_late_that_others_pushed_it_out_is_reported_with_its_time() -> None:
    arrivals = [Arrival(sequence, sequence / 60, 900) for sequence in range(REPORT_LENGTH + 9)]
    log = log_with(*arrivals)
    log.served(Arrival(4, 4 / 60, 900, 0.8))
    report = report_of(log, 1.1)
    assert report.arrivals[0] == Arrival(4, 4 / 60, 900, 0.8)
    assert report.arrivals[1:] == tuple(arrivals[10:])


def test_a_report_says_which_frame_was_decoded_last_though_an_older_one_comes_later() -> None:
    log = log_with(Arrival(3, 1.0, 900))
    assert report_of(log, 1.1).decoded_sequence == -1
    log.decoded(3)
    log.decoded(2)
    assert report_of(log, 1.2).decoded_sequence == 3


def test_a_frame_far_ahead_is_not_the_newest_for_ever() -> None:
    log = log_with(Arrival(3, 1.0, 900))
    log.decoded(2**31)
    log.decoded(4)
    assert report_of(log, 1.1).decoded_sequence == 4


def test_reports_keep_their_distance_and_go_on_in_silence_less_often() -> None:
    log = log_with(Arrival(0, 1.0, 900))
    report_of(log, 1.0)
    log.add(Arrival(1, 1.02, 900))
    assert [log.is_due(1.0 + ms / 1000) for ms in (20, 49, 51)] == [
        False, False, True]
    report_of(log, 1.051)
    assert [log.is_due(1.0 + ms / 1000) for ms in (120, 152)] == [False, True]
