import pytest

from slim_split_ros.control.ratio import RatioTracker


def test_a_processor_four_times_slower_shows_within_ten_frames() -> None:
    encoding = RatioTracker(0.3, 0.1, 0.1)
    for _ in range(10):
        encoding.add(20.0, 5.0)
    assert 3.5 < encoding.expected <= 4.0
    assert encoding.p95 > encoding.expected


@pytest.mark.parametrize('measured, tabulated', [(0.0, 5.0), (5.0, 0.0), (float('nan'), 5.0)])
def test_values_that_say_nothing_change_nothing(measured: float, tabulated: float) -> None:
    ratio = RatioTracker(0.3, 0.1, 0.1)
    ratio.add(measured, tabulated)
    assert ratio.expected == 1.0


def test_one_absurd_value_stays_bounded() -> None:
    ratio = RatioTracker(0.3, 0.1, 0.1)
    ratio.add(1e30, 1.0)
    assert ratio.expected < 10.0
