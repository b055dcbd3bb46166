"""A map is judged by the cells that boxes reach into, at every level and width."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip('torch')
pytest.importorskip('onnxruntime')

from slim_split_ros.evaluation.figures.map_shares import measure_maps, object_cells  # noqa: E402
from slim_split_ros.training.data.coco_folder import LabelledImage  # noqa: E402
from slim_split_ros.wire.geometry import FrameGeometry  # noqa: E402
from slim_split_ros.wire.manifest import load_manifest  # noqa: E402
from support.bundles import WIDTHS, write_tiny_bundle  # noqa: E402

pytestmark = pytest.mark.torch


def labelled(path: Path, *boxes: tuple[float, float, float, float]) -> LabelledImage:
    return LabelledImage(1, path, 640, 480, np.array(boxes, np.float32).reshape(-1, 4),
                         np.zeros(len(boxes), np.int64))


def test_cells_that_a_box_reaches_into_are_object_cells() -> None:
    geometry = FrameGeometry(640, 480, 320, 240)
    cells = object_cells(labelled(Path('a.png'), (64, 32, 33, 32)), geometry, 16)
    assert cells.shape == (15, 20)
    assert np.argwhere(cells).tolist() == [[1, 2], [1, 3]]


def test_marked_cells_and_object_cells_among_them_are_shares_at_each_level(
    tmp_path: Path
) -> None:
    manifest = load_manifest(write_tiny_bundle(
        tmp_path / 'model', with_pictures=True, with_video=True))
    picture = np.zeros((480, 640, 3), np.uint8)
    picture[160:240, 160:240] = 255
    cv2.imwrite(str(tmp_path / 'patch.png'), picture)
    shares = measure_maps(manifest, [labelled(tmp_path / 'patch.png', (160, 160, 80, 80))])
    assert {(share.width, share.level) for share in shares} == {
        (width, level) for width in WIDTHS for level in (1, 2)}
    for share in shares:
        assert 0 <= share.marked < 0.5
        assert share.found > share.marked


def test_a_model_without_maps_of_its_own_has_no_shares(tmp_path: Path) -> None:
    assert measure_maps(load_manifest(write_tiny_bundle(tmp_path / 'model')), []) == []
