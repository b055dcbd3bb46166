"""A person sees what training sees: its pictures with their boxes."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

torch = pytest.importorskip('torch')

from slim_split_ros.training.data.batches import Batch, BatchPlan  # noqa: E402
from slim_split_ros.training.data.coco_folder import load_split  # noqa: E402
from slim_split_ros.training.data.samples import (  # noqa: E402
    COLOURS,
    SHOWN,
    draw_samples,
    write_samples,
)
from support.drawn_data import CLASSES, write_drawn_data  # noqa: E402

pytestmark = pytest.mark.torch


def test_boxes_are_drawn_where_they_are_and_padding_is_not() -> None:
    boxes = torch.tensor([[[20.0, 30, 60, 70], [0, 0, 0, 0]]] * 2)
    batch = Batch(torch.zeros(2, 3, 96, 128, dtype=torch.uint8), boxes,
                  torch.tensor([[1, -1], [-1, -1]]))
    row = draw_samples(batch, CLASSES)
    assert row.shape == (96, 2 * 128, 3)
    assert tuple(row[50, 20]) == tuple(row[70, 40]) == COLOURS[1]
    assert not row[50, 30].any()
    assert not row[:, 128:].any()


def test_the_first_pictures_of_a_run_are_a_file(tmp_path: Path) -> None:
    write_drawn_data(tmp_path, 'train', 5)
    sources = [load_split(tmp_path, 'train').images]
    file = write_samples(sources, BatchPlan(8, 128, 0, 0), CLASSES, tmp_path / 'out')
    height, width = cv2.imread(str(file)).shape[:2]
    assert {height * SHOWN, width} in ({96 * SHOWN, 128 * SHOWN}, {128 * SHOWN, 96 * SHOWN})
