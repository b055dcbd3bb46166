import pytest

from slim_split_ros.control.errors import OperatingPointError
from slim_split_ros.control.operating_points import (
    OperatingPoint,
    OperatingPoints,
    on_front,
    without_dominated,
)


def point(width: float = 0.5, rate: int = 0, size: float = 1000.0, encode_ms: float = 2.0,
          ap50: float = 0.5) -> OperatingPoint:
    return OperatingPoint(width, rate, size, size * 1.3, encode_ms, encode_ms * 1.2, ap50)


def test_points_are_ordered_by_their_bytes() -> None:
    table = OperatingPoints([point(1.0, size=3000.0), point(0.25, size=500.0)])
    assert [each.bytes for each in table] == [500.0, 3000.0]


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(OperatingPointError, match='profile'):
        OperatingPoints([])


def test_two_points_of_one_name_are_refused() -> None:
    with pytest.raises(OperatingPointError, match='twice'):
        OperatingPoints([point(), point(size=2000.0)])


@pytest.mark.parametrize('field', ['size', 'encode_ms', 'ap50'])
@pytest.mark.parametrize('value', [float('nan'), -1.0])
def test_figures_that_cannot_be_measured_are_refused(field: str, value: float) -> None:
    with pytest.raises(OperatingPointError, match='profile'):
        point(**{field: value})


def test_bounds_of_width_hold_for_values_from_float32() -> None:
    table = OperatingPoints([point(0.25, size=500.0), point(0.75, size=900.0)])
    assert [each.width for each in table.within(0.25, 0.7500000001)] == [0.25, 0.75]


def test_a_point_that_another_beats_everywhere_is_dropped() -> None:
    good, bad = point(0.25, size=500.0, ap50=0.5), point(0.5, size=600.0, ap50=0.4)
    assert without_dominated((good, bad)) == (good,)


def test_a_point_that_a_cheaper_one_beats_is_not_on_the_front_however_fast_it_is() -> None:
    small, fast, fine = (point(1.0, size=500.0, encode_ms=5.0, ap50=0.5),
                         point(0.25, size=600.0, encode_ms=1.0, ap50=0.5),
                         point(1.0, size=900.0, encode_ms=5.0, ap50=0.6))
    assert on_front((small, fast, fine)) == (small, fine)
    assert without_dominated((small, fast, fine)) == (small, fast, fine)
