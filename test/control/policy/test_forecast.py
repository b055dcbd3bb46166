import pytest

from control.link.test_capacity_history import delivery
from slim_split_ros.control.link.capacity_history import CapacityHistory
from slim_split_ros.control.link.in_flight import SentFrame
from slim_split_ros.control.policy.forecast import Forecast, Moment


@pytest.fixture
def steady() -> CapacityHistory:
    """Four seconds of 400 kbit/s."""
    history = CapacityHistory()
    for index in range(40):
        history.add(delivery(index * 0.1, index * 0.1 + 0.02, 8000.0, 400_000.0))
    return history


MOMENT = Moment(now_s=4.0, frontier_s=3.95, next_s=4.1, latest_s=4.2)


def test_a_steady_link_carries_what_it_did(steady: CapacityHistory) -> None:
    forecast = Forecast(steady, (), 3.92, MOMENT)
    assert forecast.chance_on_time(78_000.0) == pytest.approx(1.0)
    assert forecast.chance_on_time(82_000.0) == 0.0


def test_what_waits_at_the_next_frame_costs(steady: CapacityHistory) -> None:
    forecast = Forecast(steady, (), 3.92, MOMENT)
    assert forecast.mean_square_left_s(39_000.0) == pytest.approx(0.0, abs=1e-9)
    assert forecast.mean_square_left_s(50_000.0) == pytest.approx(0.025 ** 2, rel=0.05)


def test_frames_in_flight_come_first(steady: CapacityHistory) -> None:
    pending = (SentFrame(1, 3.96, 60_000.0),)
    forecast = Forecast(steady, pending, 3.92, MOMENT)
    assert forecast.backlog_bits == pytest.approx(60_000.0 - 0.04 * 400_000.0, rel=0.1)
    assert forecast.chance_on_time(50_000.0) == 0.0


def test_an_overdue_frame_means_a_gap(steady: CapacityHistory) -> None:
    pending = (SentFrame(1, 3.5, 8000.0),)
    forecast = Forecast(steady, pending, 3.4, MOMENT)
    assert forecast.overdue_s == pytest.approx(0.43, abs=0.01)
    assert 0.0 < forecast.chance_on_time(4000.0) < 0.7


def test_a_link_with_gaps_in_its_past_is_trusted_less(steady: CapacityHistory) -> None:
    for index in range(40, 60):
        left_s = index * 0.1 + (0.18 if index % 4 == 0 else 0.02)
        steady.add(delivery(index * 0.1, left_s, 8000.0, 400_000.0))
    forecast = Forecast(steady, (), 5.9, Moment(6.0, 5.95, 6.1, 6.2))
    assert forecast.chance_on_time(70_000.0) < 0.9
    assert forecast.chance_on_time(8_000.0) > 0.5
