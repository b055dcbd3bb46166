from itertools import product
import tracemalloc

import pytest

from linklab.lab import make_trace, read_points
from slim_split_ros.linklab import Schedule, Trace
from slim_split_ros.linklab.feasible import count_feasible
from slim_split_ros.linklab.frames import FrameTable, make_frames
from slim_split_ros.linklab.oracle import oracle_ap50


def best_by_trying_all(trace: Trace, frames: FrameTable, schedule: Schedule) -> float:
    """Try every choice of every frame."""
    best = 0.0
    choices = range(-1, len(frames.points))
    for plan in product(choices, repeat=schedule.frame_count):
        end_bits, total = 0.0, 0.0
        for frame, point in enumerate(plan):
            if point < 0:
                continue
            captured_s = schedule.capture_s(frame)
            queued_s = captured_s + frames.encode_s[frame, point]
            end_bits = max(end_bits, trace.bits_until(queued_s)) \
                + frames.message_bytes[frame, point] * 8.0
            back_s = schedule.back_s(trace, trace.time_of_bits(end_bits))
            if back_s <= captured_s + schedule.deadline_s:
                total += frames.points[point].ap50
        best = max(best, total)
    return best / schedule.frame_count


@pytest.mark.parametrize('kbps', [40.0, 80.0, 160.0])
def test_the_oracle_is_the_best_of_all_plans(kbps: float) -> None:
    trace = make_trace((0.3, kbps), (0.1, 0.0), (0.2, 3.0 * kbps))
    points = tuple(read_points('four_points'))
    schedule = Schedule(0.3, 10.0, 0.025, trace.duration_s, False)
    frames = make_frames(points, schedule.frame_count, 3)
    assert oracle_ap50(trace, frames, schedule) == pytest.approx(
        best_by_trying_all(trace, frames, schedule), rel=0.02)


def test_on_a_free_link_every_frame_is_feasible_and_the_oracle_takes_the_best_point() -> None:
    trace = make_trace((5.0, 5000.0))
    points = tuple(read_points())
    schedule = Schedule(0.3, 10.0, 0.025, 5.0, False)
    frames = make_frames(points, 50, 0)
    assert count_feasible(trace, frames, schedule) == 50
    assert oracle_ap50(trace, frames, schedule) == pytest.approx(
        max(point.ap50 for point in points))


def test_on_a_dead_link_nothing_is_feasible() -> None:
    trace = make_trace((2.0, 0.0))
    schedule = Schedule(0.3, 10.0, 0.025, 2.0, False)
    frames = make_frames(tuple(read_points()), 20, 0)
    assert count_feasible(trace, frames, schedule) == 0
    assert oracle_ap50(trace, frames, schedule) == 0.0


def test_an_outage_costs_the_frames_that_cannot_wait_it_out() -> None:
    trace = make_trace((2.0, 1000.0), (2.0, 0.0), (2.0, 1000.0))
    schedule = Schedule(0.3, 10.0, 0.025, 6.0, False)
    frames = make_frames(tuple(read_points()), 60, 0)
    assert 40 <= count_feasible(trace, frames, schedule) <= 43


def test_expected_loss_lowers_the_oracle() -> None:
    trace = make_trace((3.0, 5000.0), loss=0.1)
    frames = make_frames(tuple(read_points()), 30, 0)
    least = oracle_ap50(trace, frames, Schedule(0.3, 10.0, 0.025, 3.0, True))
    most = oracle_ap50(trace, frames, Schedule(0.3, 10.0, 0.025, 3.0, False))
    assert 0.7 * most < least < 0.9 * most


def peak_bytes(kbps: float, seconds: float, deadline_s: float = 0.3) -> int:
    """Measure what the oracle allocates for a link of that rate."""
    trace = make_trace((seconds, kbps))
    schedule = Schedule(deadline_s, 10.0, 0.025, trace.duration_s, False)
    frames = make_frames(tuple(read_points()), schedule.frame_count, 0)
    tracemalloc.start()
    try:
        oracle_ap50(trace, frames, schedule)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_memory_of_the_oracle_does_not_grow_with_the_rate() -> None:
    assert peak_bytes(1e6, 10.0) < 1.1 * peak_bytes(1e3, 10.0)


def test_the_memory_of_the_oracle_hardly_grows_with_time_or_deadline() -> None:
    assert peak_bytes(1e3, 60.0) < 1.2 * peak_bytes(1e3, 20.0)
    assert peak_bytes(1e3, 10.0, deadline_s=3.0) < 1.5 * peak_bytes(1e3, 10.0)


def test_a_link_of_any_rate_that_a_trace_may_have_gives_figures() -> None:
    points = tuple(read_points())
    schedule = Schedule(0.3, 10.0, 0.025, 2.0, False)
    frames = make_frames(points, 20, 0)
    best = max(point.ap50 for point in points)
    for kbps, expected in ((1e-320, 0.0), (1e8, best)):
        trace = make_trace((2.0, kbps))
        assert oracle_ap50(trace, frames, schedule) == pytest.approx(expected)
        assert count_feasible(trace, frames, schedule) == (20 if expected else 0)
