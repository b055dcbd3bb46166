import pytest

from linklab.lab import make_trace, run_policy
from slim_split_ros.linklab import Schedule
from slim_split_ros.linklab.timeline import make_timeline


def test_the_bins_add_up_to_the_run() -> None:
    trace = make_trace((5.0, 300.0), (5.0, 600.0))
    rows, results = run_policy(trace)
    timeline = make_timeline(trace, Schedule(0.3, 10.0, 0.025, 10.0, False), rows)
    assert timeline.capacity_kbps[0] == pytest.approx(300.0)
    assert timeline.capacity_kbps[-1] == pytest.approx(600.0)
    assert sum(timeline.sent_kbps) * 0.5 == pytest.approx(
        sum(row.message_bytes for row in rows if row.sent_s) * 8e-3)
    assert sum(timeline.on_time_share) / len(timeline.bin_s) == pytest.approx(
        results.on_time_frames / 100, abs=1e-6)


def test_capacity_is_that_of_the_time_when_the_run_began() -> None:
    trace = make_trace((5.0, 300.0), (5.0, 600.0))
    timeline = make_timeline(trace, Schedule(0.3, 10.0, 0.0, 2.0, True), [], begun_s=4.0)
    assert timeline.capacity_kbps == pytest.approx((300.0, 300.0, 600.0, 600.0))


def test_the_last_bin_is_as_long_as_what_is_left() -> None:
    trace = make_trace((9.9, 300.0))
    rows, _ = run_policy(trace)
    timeline = make_timeline(trace, Schedule(0.3, 10.0, 0.025, 9.9, False), rows)
    assert len(timeline.bin_s) == 20
    assert timeline.capacity_kbps == pytest.approx((300.0,) * 20)
    kbits = [rate * (0.4 if place == 19 else 0.5) for place, rate in enumerate(timeline.sent_kbps)]
    assert sum(kbits) == pytest.approx(
        sum(row.message_bytes for row in rows if row.sent_s is not None) * 8e-3)
