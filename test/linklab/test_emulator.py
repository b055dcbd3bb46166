import pytest

from linklab.lab import make_trace, read_points, run_policy
from slim_split_ros.control import ControlSettings, OperatingPoints, PolicyName
from slim_split_ros.linklab import RunSettings, run_emulation
from slim_split_ros.linklab.emulator import ARRIVALS_A_REPORT
from slim_split_ros.offboard.arrivals import REPORT_LENGTH


def test_the_same_run_twice_gives_the_same_rows() -> None:
    trace = make_trace((10.0, 300.0), loss=0.05)
    first, _ = run_policy(trace, with_loss=True)
    second, _ = run_policy(trace, with_loss=True)
    assert first == second


def test_a_pinned_frame_takes_encoding_transmission_delays_and_server() -> None:
    rows, _ = run_policy(make_trace((5.0, 1000.0)), policy='fixed', width=0.5)
    row = rows[20]
    on_link_s = row.message_bytes * 8.0 / 1e6
    expected_s = (row.sent_s - row.captured_s) + on_link_s + 0.02 + 0.025 + 0.02
    assert row.back_s - row.captured_s == pytest.approx(expected_s, abs=1e-6)


def test_a_frame_dies_with_any_of_its_datagrams() -> None:
    trace = make_trace((60.0, 5000.0), loss=0.1)
    _, narrow = run_policy(trace, policy='fixed', width=0.25, with_loss=True)
    _, wide = run_policy(trace, policy='fixed', width=1.0, with_loss=True)
    assert 0.12 < narrow.lost / 600 < 0.26      # one datagram, and the answer
    assert wide.lost > 1.2 * narrow.lost


def test_every_offered_frame_is_accounted_for() -> None:
    rows, results = run_policy(make_trace((10.0, 150.0), (5.0, 0.0), (10.0, 400.0)))
    assert len(rows) == results.offered == 250
    assert results.on_time_frames + results.late + results.lost + results.skipped == 250


def test_no_reported_figure_leaves_its_range() -> None:
    _, results = run_policy(make_trace((10.0, 150.0)), policy='aimd')
    assert 0.0 <= results.on_time <= 1.0
    assert 0.0 <= results.mean_ap50 <= results.oracle_ap50 + 1e-9
    assert 0.0 <= results.utilisation <= 1.0


def test_a_server_that_cannot_keep_up_serves_one_frame_at_a_time_the_newest_first() -> None:
    control = ControlSettings(PolicyName.FIXED, 0.4, pinned_width=0.25)
    rows = run_emulation(make_trace((20.0, 1000.0)), read_points(),
                         RunSettings(control, server_s=0.25, with_loss=False)).rows
    served = sorted(row.back_s for row in rows if row.back_s is not None)
    assert len(served) == pytest.approx(20.0 / 0.25, abs=2)
    assert all(later - sooner > 0.249 for sooner, later in zip(served, served[1:], strict=False))
    ages_s = [row.back_s - row.sent_s for row in rows if row.back_s is not None]
    assert max(ages_s) <= 0.25 + 0.1 + 0.05     # a service, a camera's interval, the path
    assert [row.back_s for row in rows if row.back_s is not None] == served


def test_a_frame_without_one_that_it_needs_is_not_on_time() -> None:
    rows, results = run_policy(make_trace((60.0, 150.0), loss=0.02), table='video_points',
                               with_loss=True)
    undecodable = [row for row in rows if row.is_undecodable]
    assert 0 < len(undecodable) == results.undecodable < results.lost
    assert not any(row.back_s or row.alone for row in undecodable)
    sent = [row for row in rows if row.sent_s is not None and row.coder == 'video']
    for before, row in zip(sent, sent[1:], strict=False):
        if row.is_undecodable:      # what it leans on was lost, or lacked its own
            assert before.back_s is None


def test_the_measure_of_a_run_is_what_frames_alone_could_do() -> None:
    trace, points = make_trace((20.0, 300.0)), read_points('video_points')
    alone = OperatingPoints(point for point in points if point.alone)
    settings = RunSettings(ControlSettings(), with_loss=False)
    with_video, without = (run_emulation(trace, table, settings).results
                           for table in (points, alone))
    assert with_video.feasible == without.feasible
    assert with_video.mean_ap50 <= 1.2 * with_video.oracle_ap50


def test_a_report_holds_as_much_as_one_of_the_server() -> None:
    assert ARRIVALS_A_REPORT == REPORT_LENGTH
