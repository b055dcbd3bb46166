"""Steps finer than the default go over links with room alone."""

from slim_split_ros.control.finer_steps import finer_than_default, most_finer_bits
from slim_split_ros.control.operating_points import OperatingPoint


def point(width: float, rate: int, size: float) -> OperatingPoint:
    return OperatingPoint(width, rate, size, size, 1.0, 1.0, 0.5)


def test_finer_is_what_is_larger_than_the_default_of_its_width() -> None:
    table = [point(0.25, 0, 1000), point(0.25, 1, 700), point(0.25, 4, 1500),
             point(1.0, 0, 3000), point(1.0, 3, 600)]
    assert finer_than_default(table) == {table[2]}


def test_a_width_without_a_default_has_no_finer_steps() -> None:
    assert not finer_than_default([point(0.5, 4, 2000), point(0.5, 5, 3000)])


def test_a_quarter_of_the_link_carries_one_and_a_half_frames_of_a_finer_step() -> None:
    assert 1.5 * most_finer_bits(capacity_bps=800_000.0, slack_s=0.2) == 200_000.0 * 0.2
