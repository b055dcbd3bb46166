from pathlib import Path

import pytest

from linklab.lab import is_late, make_trace, read_points, run_policy
from slim_split_ros.control import ControlSettings, Reason
from slim_split_ros.linklab import RunSettings, run_emulation


@pytest.mark.parametrize('fps, kbps', [(10.0, 400.0), (10.0, 1200.0), (30.0, 1200.0)])
def test_a_constant_link_is_used_nearly_as_by_one_who_knows_it(fps: float, kbps: float) -> None:
    _, results = run_policy(make_trace((60.0, kbps)), fps=fps)
    assert results.on_time >= 0.97
    assert results.mean_ap50 >= 0.97 * results.oracle_ap50
    assert results.width_changes_per_min < 10.0


@pytest.mark.parametrize('table', ['four_points', 'large_frames'])
def test_other_tables_do_as_well_on_a_constant_link(table: str) -> None:
    kbps = 400.0 if table == 'four_points' else 3000.0
    _, results = run_policy(make_trace((60.0, kbps)), table=table)
    best = max(point.ap50 for point in read_points(table)
               if point.bytes * 8.0 * 10.0 <= 0.9 * kbps * 1000.0)
    assert results.on_time >= 0.97
    assert results.mean_ap50 >= 0.97 * best


@pytest.mark.parametrize('table', ['sixteen_points', 'finer_steps'])
def test_after_a_step_down_of_four_to_one_at_most_three_frames_are_late(table: str) -> None:
    rows, _ = run_policy(make_trace((30.0, 800.0), (30.0, 200.0)), table=table)
    assert sum(is_late(row) for row in rows if 29.5 < row.captured_s < 35.0) <= 3


def test_a_link_with_room_gets_the_finest_step() -> None:
    rows, _ = run_policy(make_trace((20.0, 2400.0)), table='finer_steps')
    assert sum(row.message_bytes for row in rows[100:]) > 5_000 * len(rows[100:])


def test_after_a_step_up_the_right_width_comes_within_two_seconds() -> None:
    rows, _ = run_policy(make_trace((30.0, 150.0), (30.0, 1200.0)))
    after = [row for row in rows if 32.0 < row.captured_s < 40.0]
    assert sum(row.width == 1.0 for row in after) >= 0.95 * len(after)


def test_after_an_outage_it_is_back_within_a_second() -> None:
    rows, _ = run_policy(make_trace((20.0, 600.0), (5.0, 0.0), (20.0, 600.0)))
    after = [row for row in rows if 26.0 < row.captured_s < 30.0]
    assert not any(is_late(row) or row.sent_s is None for row in after)


def test_during_an_outage_little_is_queued() -> None:
    rows, _ = run_policy(make_trace((20.0, 600.0), (5.0, 0.0), (20.0, 600.0)), fps=30.0)
    during = [row.message_bytes for row in rows if 20.3 < row.captured_s < 24.5]
    assert sum(during) < 10_000


@pytest.mark.parametrize('fps, share', [(10.0, 0.98), (30.0, 0.92)])
def test_auto_is_near_the_best_width_in_hindsight_on_a_link_with_gaps(
        fps: float, share: float) -> None:
    stretches = [(1.3, 700.0), (0.2, 0.0), (2.5, 500.0), (0.1, 0.0)] * 15
    trace = make_trace(*stretches)
    _, auto = run_policy(trace, fps=fps)
    rivals = [run_policy(trace, policy, fps)[1] for policy in ('paper', 'aimd')]
    rivals += [run_policy(trace, 'fixed', fps, width)[1] for width in (0.25, 0.5, 0.75, 1.0)]
    assert auto.mean_ap50 >= share * max(rival.mean_ap50 for rival in rivals)


@pytest.mark.parametrize('server_s', [0.3, 0.8])
def test_a_slow_server_on_an_open_link_gets_the_widths_of_a_quick_one(server_s: float) -> None:
    trace, points = make_trace((30.0, 2500.0)), read_points()
    quick, slow = (
        [row for row in run_emulation(trace, points, RunSettings(
            ControlSettings(), each_s, with_loss=False)).rows if row.captured_s > 5.0]
        for each_s in (0.025, server_s))
    assert {row.width for row in quick} == {row.width for row in slow if row.width} == {1.0}
    assert {row.rate for row in quick} == {row.rate for row in slow if row.width}
    assert {row.reason for row in slow} == {Reason.SERVER}
    assert sum(row.width is not None for row in slow) <= 1.1 * 25.0 / server_s
    answered = [row for row in slow if row.back_s is not None]
    assert max(row.back_s - row.sent_s for row in answered) <= 2.0 * server_s


def test_frames_that_lean_on_others_are_worth_their_bytes_on_a_narrow_link() -> None:
    trace, points = make_trace((60.0, 150.0)), read_points('video_points')
    both, alone, cells = (
        run_emulation(trace, table, RunSettings(ControlSettings(alone=alone), with_loss=False))
        .results for table, alone in (
            (points, False), (points, True), (points.only({'cells'}), False)))
    assert both.mean_ap50 >= 1.02 * alone.mean_ap50
    assert alone.mean_ap50 >= cells.mean_ap50
    assert both.alone_share < 0.2 and alone.alone_share == 1.0


@pytest.mark.parametrize('loss', [0.02, 0.1])
def test_where_packets_are_lost_it_is_no_worse_than_with_frames_alone(loss: float) -> None:
    trace, points = make_trace((90.0, 300.0), loss=loss), read_points('video_points')
    both, alone = (run_emulation(trace, points, RunSettings(ControlSettings(alone=alone))).results
                   for alone in (False, True))
    assert both.mean_ap50 >= 0.98 * alone.mean_ap50
    assert both.undecodable <= 0.05 * both.offered


@pytest.mark.data
def test_the_means_over_the_recorded_links_hold_their_bars(slim_split_data: Path) -> None:
    from slim_split_ros.linklab import parse_trace

    folder = slim_split_data / 'traces'
    traces = [parse_trace(path.read_text(), path.stem) for path in sorted(folder.glob('*.csv'))]
    results = [run_policy(trace)[1] for trace in traces]
    on_time = [each.on_time for each in results]
    shares = [each.mean_ap50 / each.oracle_ap50 for each in results]
    assert sum(on_time) / len(on_time) >= 0.92
    assert sum(shares) / len(shares) >= 0.92
    assert min(on_time) >= 0.78
