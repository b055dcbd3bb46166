"""Tests of what the offboard side remembers and reports."""

from __future__ import annotations

import math

from slim_split_ros.offboard.arrivals import REPORT_LENGTH, ArrivalLog

START_NS = 1_700_000_000_000_000_001


def test_a_report_holds_arrivals_oldest_first_with_server_times_once_known() -> None:
    log = ArrivalLog(receiver_id=7)
    log.arrived(START_NS, 3, now_s=1.0, size=900)
    log.arrived(START_NS, 4, now_s=1.1, size=950)
    log.decoded(START_NS, 3, server_s=0.025)
    report = log.due_reports(now_s=1.2)[START_NS]
    assert (report.receiver_id, report.sent_s) == (7, 1.2)
    assert [(a.sequence, a.arrival_s, a.payload_bytes) for a in report.arrivals] == [
        (3, 1.0, 900), (4, 1.1, 950)]
    assert report.arrivals[0].server_s == 0.025
    assert math.isnan(report.arrivals[1].server_s)


def test_reports_overlap_and_are_numbered() -> None:
    log = ArrivalLog(receiver_id=7)
    log.arrived(START_NS, 0, 1.0, 900)
    first = log.due_reports(1.05)[START_NS]
    log.arrived(START_NS, 1, 1.1, 900)
    second = log.due_reports(1.15)[START_NS]
    assert (first.report_sequence, second.report_sequence) == (0, 1)
    assert [arrival.sequence for arrival in second.arrivals] == [0, 1]


def test_a_report_holds_no_more_than_the_newest() -> None:
    log = ArrivalLog(receiver_id=7)
    for sequence in range(100):
        log.arrived(START_NS, sequence, sequence / 100, 900)
    report = log.due_reports(1.0)[START_NS]
    assert [a.sequence for a in report.arrivals] == list(range(100 - REPORT_LENGTH, 100))


def test_a_restarted_sender_is_reported_on_its_own() -> None:
    log = ArrivalLog(receiver_id=7)
    log.arrived(START_NS, 41, 1.0, 900)
    log.arrived(START_NS + 5, 0, 1.5, 900)
    reports = log.due_reports(1.6)
    assert [a.sequence for a in reports[START_NS + 5].arrivals] == [0]


def test_nothing_is_reported_to_a_sender_that_is_gone() -> None:
    log = ArrivalLog(receiver_id=7)
    log.arrived(START_NS, 0, 1.0, 900)
    assert log.due_reports(12.0) == {}


def test_a_server_time_of_a_forgotten_frame_is_ignored() -> None:
    log = ArrivalLog(receiver_id=7)
    log.decoded(START_NS, 0, 25.0)
    assert log.due_reports(0.0) == {}


def test_senders_beyond_the_limit_are_forgotten_oldest_first() -> None:
    log = ArrivalLog(receiver_id=7)
    for sender in range(50):
        log.arrived(sender, 0, 1.0, 900)
    assert list(log.due_reports(1.0)) == list(range(42, 50))


def test_reports_keep_their_distance_and_go_on_in_silence_less_often() -> None:
    log = ArrivalLog(receiver_id=7)
    log.arrived(START_NS, 0, 1.0, 900)
    assert log.due_reports(1.0)
    log.arrived(START_NS, 1, 1.02, 900)
    assert [bool(log.due_reports(1.0 + ms / 1000)) for ms in (20, 49, 51, 120, 152, 200, 253)] == [
        False, False, True, False, True, False, True]
