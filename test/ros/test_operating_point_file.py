"""Tests of reading the table of operating points that belongs to a model."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from slim_split_ros.ros.errors import StartError
from slim_split_ros.ros.operating_point_file import FILE_NAME, read_operating_points
from slim_split_ros.wire import Manifest, load_manifest
from support.bundles import WIDTHS, write_tiny_bundle


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return load_manifest(write_tiny_bundle(tmp_path / 'bundle'))


def write_table(manifest: Manifest, **changes: object) -> None:
    """Write a good table, or one with other entries in the document or in its first point."""
    points = [
        {'width': width, 'rate': 0, 'bytes': 1000 * width, 'bytes_p95': 1200 * width,
         'encode_ms': 4 * width, 'encode_ms_p95': 5 * width, 'ap50': 0.2 + 0.4 * width}
        for width in WIDTHS]
    document = {'fingerprint': f'{manifest.fingerprint:016x}', 'points': points}
    for name, value in changes.items():
        (document if name in document else points[0])[name] = value
    (manifest.folder / FILE_NAME).write_text(yaml.safe_dump(document))


def test_a_table_is_read_point_by_point(manifest: Manifest) -> None:
    write_table(manifest)
    points = read_operating_points(manifest)
    assert len(points) == 4
    assert points.find(0.5, 0).bytes == 500
    assert points.find(1.0, 0).ap50 == pytest.approx(0.6)


def test_a_model_without_a_table_has_a_point_a_width(manifest: Manifest) -> None:
    points = read_operating_points(manifest)
    assert not points.is_measured
    assert {point.width for point in points} == set(WIDTHS)


@pytest.mark.parametrize(('changes', 'words'), [
    ({'fingerprint': '0123456789abcdef'}, 'was measured with model 0123456789abcdef'),
    ({'points': []}, 'empty'),
    ({'points': 'none'}, 'holds no list `points`'),
    ({'points': None}, 'holds no list `points`'),
    ({'bytes': 'many'}, "bytes is 'many'"),
    ({'bytes': -4}, 'bytes is -4'),
    ({'width': 0.3}, 'lists width 0.3 with rate 0, which the model lacks'),
    ({'rate': 9}, 'lists width 0.25 with rate 9, which the model lacks'),
])
def test_a_wrong_table_is_refused_with_file_fault_and_remedy(
    manifest: Manifest, changes: dict[str, object], words: str
) -> None:
    write_table(manifest, **changes)
    with pytest.raises(StartError) as refused:
        read_operating_points(manifest)
    assert words in str(refused.value)
    assert FILE_NAME in str(refused.value)
    assert 'profile`' in str(refused.value)


@pytest.mark.parametrize('text', ['', '[1, 2]', '{', 'points: {', '\0', '- a\n b: c'])
def test_what_is_no_table_is_refused(manifest: Manifest, text: str) -> None:
    (manifest.folder / FILE_NAME).write_text(text)
    with pytest.raises(StartError, match=FILE_NAME):
        read_operating_points(manifest)
