"""Tests of reading the table of operating points that belongs to a model."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
import yaml

from slim_split_ros.control import OperatingPointError
from slim_split_ros.weights.operating_point_file import (
    POINTS_FILE,
    find_operating_points,
    read_operating_points,
)
from slim_split_ros.wire import Manifest, load_manifest
from support.bundles import VIDEO, WIDTHS, write_tiny_bundle


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return load_manifest(write_tiny_bundle(tmp_path / 'bundle'))


@pytest.fixture(scope='module')
def table_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('table') / POINTS_FILE


def write_table(manifest: Manifest, **changes: object) -> None:
    """Write a good table, or one with other entries in the document or in its first point."""
    points = [
        {'width': width, 'rate': 0, 'bytes': 1000 * width, 'bytes_p95': 1200 * width,
         'encode_ms': 4 * width, 'encode_ms_p95': 5 * width, 'ap50': 0.2 + 0.4 * width}
        for width in WIDTHS]
    document = {'fingerprint': f'{manifest.fingerprint:016x}', 'points': points}
    for name, value in changes.items():
        (document if name in document else points[0])[name] = value
    (manifest.folder / POINTS_FILE).write_text(yaml.safe_dump(document))


def test_a_table_is_read_point_by_point(manifest: Manifest) -> None:
    write_table(manifest)
    points = find_operating_points(manifest)
    assert len(points) == 4
    assert points.find(0.5, 0).bytes == 500
    assert points.find(1.0, 0).ap50 == pytest.approx(0.6)


@pytest.mark.parametrize('place', ['fingerprint: *i\npoints: [{}]', 'points: [*i]'])
def test_what_aliases_blow_up_is_refused_in_a_short_line(manifest: Manifest, place: str) -> None:
    lists = ['a: &a [x, x, x, x, x, x, x, x, x]', *(
        f'{name}: &{name} [{", ".join([f"*{inner}"] * 9)}]'
        for inner, name in zip('abcdefgh', 'bcdefghi', strict=True))]
    good = ('{width: 0.25, rate: 0, bytes: 9, bytes_p95: 9, encode_ms: 1, encode_ms_p95: 1, '
            'ap50: 1}')
    (manifest.folder / POINTS_FILE).write_text(
        '\n'.join([*lists, place.replace('{}', good)]))

    with pytest.raises(OperatingPointError, match='measured with model|not a mapping') as error:
        find_operating_points(manifest)
    assert len(str(error.value)) < 600


def test_merge_keys_are_refused_before_they_multiply(manifest: Manifest) -> None:
    merged = ['a: &a {k: 1}', *(
        f'{name}: &{name} {{<<: [{", ".join([f"*{inner}"] * 9)}]}}'
        for inner, name in zip('abcdefghij', 'bcdefghijk', strict=True))]
    (manifest.folder / POINTS_FILE).write_text('\n'.join([*merged, 'points: []']))

    with pytest.raises(OperatingPointError, match='merge keys'):
        find_operating_points(manifest)


def test_a_model_without_a_table_has_none(manifest: Manifest) -> None:
    assert find_operating_points(manifest) is None


@pytest.mark.parametrize(('changes', 'words'), [
    ({'fingerprint': '0123456789abcdef'}, "was measured with model '0123456789abcdef'"),
    ({'points': []}, 'empty'),
    ({'points': 'none'}, 'holds no list `points`'),
    ({'points': None}, 'holds no list `points`'),
    ({'bytes': 'many'}, "bytes is 'many', not a finite number"),
    ({'bytes': math.inf}, 'bytes is inf, not a finite number'),
    ({'ap50': math.nan}, 'ap50 is nan, not a finite number'),
    ({'bytes': 10**400}, 'not a finite number'),
    ({'bytes': -4}, 'bytes is -4'),
    ({'coder': 'jpeg2000'}, "coder is 'jpeg2000', it has to be one of cells, video, ensemble"),
    ({'width': 0.3}, 'lists width 0.3, rate 0, which the model lacks'),
    ({'rate': 9}, 'lists width 0.25, rate 9, which the model lacks'),
])
def test_a_wrong_table_is_refused_with_file_fault_and_remedy(
    manifest: Manifest, changes: dict[str, object], words: str
) -> None:
    write_table(manifest, **changes)
    with pytest.raises(OperatingPointError) as refused:
        find_operating_points(manifest)
    assert words in str(refused.value)
    assert POINTS_FILE in str(refused.value)
    assert 'profile`' in str(refused.value)


def test_a_table_of_another_model_is_read_where_no_model_is_given(manifest: Manifest) -> None:
    write_table(manifest, fingerprint='0123456789abcdef')
    assert len(read_operating_points(manifest.folder / POINTS_FILE)) == 4


@pytest.mark.parametrize('content', [
    b'', b'[1, 2]', b'{', b'points: {', b'\0', b'- a\n b: c', b'points: 2001-99-99',
    b'\xff\xfe\xff', b'[' * 100_000, b'points: ' + b'9' * 5000, b'points: 0x' + b'9' * 5000,
    b'points: 0b_', b'x' * 2**19])
def test_what_is_no_table_is_refused(manifest: Manifest, content: bytes) -> None:
    (manifest.folder / POINTS_FILE).write_bytes(content)
    with pytest.raises(OperatingPointError, match=POINTS_FILE):
        find_operating_points(manifest)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatingPointError, match=r'none\.yaml cannot be read \(No such file'):
        read_operating_points(tmp_path / 'none.yaml')


@given(st.text(alphabet='0123456789abex.:-_[]{}&*!<>=~?|\'" \n', max_size=40))
@settings(deadline=None, max_examples=400)
def test_any_text_gives_a_table_or_its_error(table_file: Path, text: str) -> None:
    table_file.write_text(text)
    with contextlib.suppress(OperatingPointError):
        read_operating_points(table_file)


@pytest.fixture
def video_manifest(tmp_path: Path) -> Manifest:
    return load_manifest(
        write_tiny_bundle(tmp_path / 'video', with_pictures=True, with_video=True))


def test_the_size_of_the_coded_picture_is_what_the_model_says(video_manifest: Manifest) -> None:
    write_table(video_manifest, coder='video', alone=False, rate=2, long_side=640)
    points = find_operating_points(video_manifest)
    assert points.find(0.25, 2, 'video', alone=False).long_side == VIDEO[2]['long_side']
    assert points.find(0.5, 0).long_side == 0


def test_a_video_point_that_the_model_does_not_describe_is_refused(
    manifest: Manifest, video_manifest: Manifest
) -> None:
    for of_model, rate in ((video_manifest, len(VIDEO)), (manifest, 0)):
        write_table(of_model, coder='video', rate=rate)
        with pytest.raises(OperatingPointError, match=(
                f'lists coder .video., width 0.25, rate {rate}, which the model lacks.*profile')):
            find_operating_points(of_model)
