import pytest

from slim_split_ros.control.link.capacity_history import CapacityHistory
from slim_split_ros.control.link.estimator import Delivery


def delivery(begun_s: float, left_s: float, bits: float, rate_bps: float) -> Delivery:
    return Delivery(0, bits, begun_s, begun_s, left_s, 0.1, left_s, left_s, rate_bps)


def test_a_constant_link_is_rebuilt_from_short_frames() -> None:
    history = CapacityHistory()
    for index in range(40):
        begun_s = index * 0.1
        history.add(delivery(begun_s, begun_s + 0.02, 8000.0, 400_000.0))
    assert history.mean_bps == pytest.approx(400_000.0, rel=0.01)


def test_one_long_service_is_a_gap_and_not_a_slow_link() -> None:
    history = CapacityHistory()
    for index in range(20):
        begun_s = index * 0.1
        left_s = begun_s + (0.22 if index == 10 else 0.02)
        history.add(delivery(begun_s, left_s, 8000.0, 400_000.0))
    assert history.gaps_s == [pytest.approx(0.2)]
    assert history.rate_bps == 400_000.0


def test_the_memory_is_bounded() -> None:
    history = CapacityHistory()
    for index in range(2000):
        history.add(delivery(index * 0.1, index * 0.1 + 0.02, 8000.0, 400_000.0))
    assert history.slots <= 251


def test_a_first_frame_proves_no_large_one() -> None:
    history = CapacityHistory()
    history.add(delivery(0.0, 0.001, 4000.0, 4e6))
    assert history.proven_bits == pytest.approx(6000.0)
