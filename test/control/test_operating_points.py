from dataclasses import replace

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


def test_points_of_two_coders_alone_or_not_are_different_points() -> None:
    cells = point(0.25)
    video = replace(cells, coder='video', bytes=900.0)
    chained = replace(video, alone=False, bytes=400.0)
    table = OperatingPoints([cells, video, chained])
    assert table.find(0.25, 0) == cells
    assert table.find(0.25, 0, 'video', alone=False) == chained
    assert table.find(0.5, 0, 'video') is None
    assert [table.named(each.name) for each in (cells, video, chained)] == [cells, video, chained]


def test_points_of_coders_that_do_not_run_here_can_be_left_out() -> None:
    cells = point(0.25)
    table = OperatingPoints([cells, replace(cells, coder='video', alone=False)])
    assert list(table.only({'cells'})) == [cells]
    with pytest.raises(OperatingPointError, match='table has coder cells, here runs video; inst'):
        table.only({'cells'}).only({'video'})


@pytest.mark.parametrize('changes, complaint', [
    ({'coder': 'jpeg'}, "coder is 'jpeg', it has to be one of cells, video, ensemble"),
    ({'coder': []}, r'coder is \[\]'), ({'alone': False}, 'alone is False, .* for coder video'),
    ({'coder': 'video', 'alone': 1}, 'alone is 1'), ({'alone': None}, 'alone is None'),
    ({'long_side': -1}, 'long_side is -1'), ({'long_side': 0.5}, 'long_side is 0.5'),
    ({'long_side': 'x'}, "long_side is 'x'"), ({'long_side': 9000}, 'from 0 to 8192')])
def test_a_name_that_no_coder_has_is_refused(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(OperatingPointError, match=f'{complaint}.*profile'):
        replace(point(), **changes)


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
