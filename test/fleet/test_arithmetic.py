from __future__ import annotations

import math

import pytest

from fleet.plans import cost, way
from slim_split_ros.fleet.planning import (
    HEADROOM,
    Air,
    PlanError,
    Question,
    Through,
    make_plan,
)


def test_a_core_serves_as_many_robots_as_their_frames_leave_it_time() -> None:
    plan = make_plan(Question(robots=36, fps=10.0), [way()])
    assert plan.robots_a_server == pytest.approx(HEADROOM * 1.0 / (10.0 * 0.05))
    assert (plan.servers, plan.servers_needed, plan.robots_allowed) == (20, 20, 36)
    assert plan.served_per_s == plan.offered_per_s == 360.0
    assert plan.utilisation == pytest.approx(HEADROOM)


def test_robots_beyond_the_plan_share_what_the_servers_do() -> None:
    plan = make_plan(Question(robots=1000, fps=10.0, servers=4), [way()])
    assert plan.robots_allowed == 7 and plan.servers_needed > plan.servers == 4
    assert plan.served_per_s == pytest.approx(4 / 0.05)
    assert plan.on_time_share == pytest.approx(0.008)
    assert plan.utilisation == 1.0


def test_frames_that_wait_for_a_full_server_are_late_where_cameras_are_slow() -> None:
    quick, slow = (make_plan(Question(100, fps, servers=1), [way()]) for fps in (10.0, 2.0))
    assert quick.on_time_share == pytest.approx(quick.served_per_s / quick.offered_per_s)
    # Of the camera's 500 ms a frame may have waited for 248.
    assert slow.on_time_share == pytest.approx(0.248 / 0.5 * slow.served_per_s / 200.0)
    assert make_plan(Question(1, 2.0, deadline_s=0.04), [way()]).on_time_share == 0.0


def test_video_is_decoded_though_it_is_not_served_but_not_without_limit() -> None:
    of = cost('video', alone=False, decode_ms=2.0, serve_ms=50.0)
    some = make_plan(Question(40, 10.0, servers=2), [way(of=of)])
    assert some.served_per_s == pytest.approx((2 - 400 * 0.002) / 0.05)
    many = make_plan(Question(1000, 10.0, servers=2), [way(of=of)])
    assert many.served_per_s == pytest.approx(2 / (0.05 + 31 * 0.002))


def test_the_most_accurate_way_is_planned_that_processor_and_air_allow() -> None:
    cheap, good, slow = way(500, 0.4), way(2000, 0.6), way(2500, 0.7, encode_ms=90.0)
    air = Air('cell', 1000.0, lambda robots: Through(1.0, 1.0, 0.05))
    free = make_plan(Question(2, 10.0), [cheap, good, slow])
    shared = make_plan(Question(8, 10.0, cells=1, air=air), [cheap, good, slow])
    slower = make_plan(Question(2, 5.0), [cheap, good, slow])
    assert (free.way, shared.way, slower.way) == (good, cheap, slow)


def test_the_air_of_a_cell_limits_robots_too() -> None:
    air = Air('cell', 400.0, lambda robots: Through(0.9, 0.9, 0.05))
    plan = make_plan(Question(9, 10.0, air=air), [way()])
    assert plan.robots_a_cell == 4
    assert plan.cells == plan.cells_needed == 3
    assert plan.served_per_s == pytest.approx(0.9 * 90.0)
    crowded = make_plan(Question(9, 10.0, cells=1, air=air), [way()])
    assert crowded.robots_allowed == 4 and crowded.cells_needed == 3


def test_robots_whose_frames_take_too_long_over_their_share_are_too_many_for_a_cell() -> None:
    air = Air('cell', 4000.0, lambda robots: Through(1.0, 0.8 if robots <= 6 else 0.7, 0.05))
    assert make_plan(Question(20, 10.0, air=air), [way()]).robots_a_cell == 6


def test_late_frames_that_the_air_brings_are_served_and_full_servers_make_more_late() -> None:
    air = Air('cell', 4000.0, lambda robots: Through(0.8, 0.6, 0.05))
    enough, full = (make_plan(Question(20, 2.0, servers=servers, cells=2, air=air), [way()])
                    for servers in (4, 1))
    assert enough.served_per_s == pytest.approx(0.8 * 40.0)
    assert enough.service_s == 0.05
    assert enough.on_time_share == pytest.approx(0.6)
    assert full.served_per_s == pytest.approx(20.0)
    dear = Air('cell', 4000.0, lambda robots: Through(0.8, 0.6, 0.1))
    assert make_plan(Question(20, 2.0, servers=1, cells=2, air=dear),
                     [way()]).served_per_s == pytest.approx(10.0)
    # Of those that the air brings in time, as many as wait for at most 248 of 500 ms.
    assert full.on_time_share == pytest.approx(0.5 * 0.75 * 0.248 / 0.5)


def test_air_that_brings_no_frame_on_time_carries_nobody() -> None:
    silent = Air('slow', 4000.0, lambda robots: Through(0.0, 0.0, 0.05))
    with pytest.raises(PlanError, match='over slow not even one .*--deadline-ms'):
        make_plan(Question(20, 2.0, air=silent), [way()])
    plan = make_plan(Question(20, 2.0, cells=2, air=silent), [way()])
    assert plan.on_time_share == plan.robots_a_cell == plan.robots_allowed == 0


def test_without_air_nothing_limits_the_cells() -> None:
    plan = make_plan(Question(9, 10.0), [way()])
    assert plan.robots_a_cell == math.inf and plan.cells == 1


def test_air_that_carries_not_one_robot_is_named_with_what_one_needs() -> None:
    air = Air('faint', 50.0, lambda robots: Through(0.1, 0.1, 0.05))
    with pytest.raises(PlanError, match=r'faint carries 50 kbit/s.* needs 89 .*--fps'):
        make_plan(Question(3, 10.0, air=air), [way()])
    assert make_plan(Question(3, 10.0, cells=3, air=air), [way()]).robots_allowed == 0
