"""A document of operating points is read whole, or refused with the place and the way out."""

import math

import pytest

from slim_split_ros.control import (
    OperatingPointError,
    parse_operating_points,
    unmeasured_points,
)

ROW = {'width': 0.5, 'rate': 1, 'bytes': 900, 'bytes_p95': 1200.5, 'encode_ms': 2,
       'encode_ms_p95': 2.5, 'ap50': 0.5}


def test_a_mapping_and_a_bare_list_give_the_same_table() -> None:
    rows = [ROW, {**ROW, 'rate': 0, 'bytes': 1800}]
    tables = [parse_operating_points(document, 'points.yaml')
              for document in (rows, {'fingerprint': 'ab', 'points': rows})]
    assert list(tables[0]) == list(tables[1])
    assert [(point.width, point.rate, point.bytes) for point in tables[0]] == [
        (0.5, 1, 900.0), (0.5, 0, 1800.0)]


def test_an_accuracy_of_zero_is_a_figure_like_another() -> None:
    assert [point.ap50 for point in parse_operating_points([{**ROW, 'ap50': 0}], 'a')] == [0.0]


def test_coder_and_aloneness_may_be_absent() -> None:
    rows = [ROW, {**ROW, 'coder': 'video', 'alone': False, 'long_side': 320}]
    cells, video = parse_operating_points(rows, 'a')
    assert (cells.coder, cells.alone, cells.long_side) == ('cells', True, 0)
    assert (video.coder, video.alone, video.long_side) == ('video', False, 320)


@pytest.mark.parametrize('field, value', [
    ('coder', 'jpeg'), ('coder', None), ('coder', ['x'] * 1000), ('alone', 'no'), ('alone', 0),
    ('alone', 'long'), ('long_side', math.nan), ('long_side', '320'), ('long_side', 0.5),
    pytest.param('long_side', 10 ** 5000, id='e5000'),
    pytest.param('coder', 10 ** 5000, id='coder_e5000')])
def test_a_name_that_is_none_is_refused_with_its_place(field: str, value: object) -> None:
    with pytest.raises(OperatingPointError, match=f'^a, point 1: .*{field} is .*profile') as got:
        parse_operating_points([{**ROW, field: value}], 'a')
    assert len(str(got.value)) < 300


@pytest.mark.parametrize('field', list(ROW))
@pytest.mark.parametrize('value', [
    math.nan, math.inf, -math.inf, -1, pytest.param(10 ** 400, id='e400'),
    pytest.param(10 ** 5000, id='e5000'), pytest.param([10 ** 5000], id='nested'), 1e300, None,
    True, 'much', [], {}, pytest.param('x' * 10_000, id='long')])
def test_a_figure_that_is_none_is_refused_with_its_place(field: str, value: object) -> None:
    with pytest.raises(OperatingPointError) as caught:
        parse_operating_points([ROW, {**ROW, 'rate': 0, field: value}], 'points.yaml')
    message = str(caught.value)
    assert message.startswith('points.yaml, point 2: ')
    assert field in message
    assert 'profile' in message
    assert len(message) < 300


@pytest.mark.parametrize('field', list(ROW))
def test_a_missing_field_is_named(field: str) -> None:
    row = {name: value for name, value in ROW.items() if name != field}
    with pytest.raises(OperatingPointError, match=rf'points.yaml, point 1: lacks {field}; .*pro'):
        parse_operating_points([row], 'points.yaml')


@pytest.mark.parametrize('field, value', [('rate', 0.5), ('rate', 256), ('width', 0.0)])
def test_a_figure_out_of_its_range_is_refused(field: str, value: float) -> None:
    with pytest.raises(OperatingPointError, match=f'points.yaml, point 1: .*{field}.*profile'):
        parse_operating_points([{**ROW, field: value}], 'points.yaml')


def test_a_point_listed_twice_is_named() -> None:
    with pytest.raises(OperatingPointError, match=r'a.yaml: .*0\.5, rate 1.* twice.*profile'):
        parse_operating_points([ROW, {**ROW, 'bytes': 1000}], 'a.yaml')


@pytest.mark.parametrize('document', [
    None, [], {}, {'points': None}, {'points': {}}, 'text', 7, [3], [None], {'points': [[]]}])
def test_what_holds_no_points_is_refused(document: object) -> None:
    with pytest.raises(OperatingPointError, match='^a.yaml.*profile'):
        parse_operating_points(document, 'a.yaml')


def test_a_model_that_nobody_profiled_has_a_point_a_width() -> None:
    table = unmeasured_points([1.0, 0.25])
    assert sorted(point.width for point in table) == [0.25, 1.0]
    assert not table.is_measured
