"""Batches varied on a device keep boxes on their objects, as those varied one by one do."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip('torch')

from slim_split_ros.training.data.batches import Batch, BatchPlan, training_batches  # noqa: E402
from slim_split_ros.training.data.coco_folder import LabelledImage  # noqa: E402
from slim_split_ros.training.data.device_batches import DeviceBatches, fits_device  # noqa: E402
from slim_split_ros.training.data.device_degradation import compress, degrade_batch  # noqa: E402

pytestmark = pytest.mark.torch

CPU = torch.device('cpu')
LONG_SIDE = 128


def bright_square(folder: Path, number: int, width: int, height: int) -> LabelledImage:
    """Write a dark picture with a bright square a quarter as wide."""
    side = width // 4
    x, y = width // 8 + 5 * number, height // 3
    image = np.full((height, width, 3), 10, np.uint8)
    image[y:y + side, x:x + side] = 240
    path = folder / f'{number}.png'
    cv2.imwrite(str(path), image)
    return LabelledImage(number, path, width, height,
                         np.array([[x, y, side, side]], np.float32), np.array([1]))


def squares(folder: Path, width: int = 160, height: int = 120) -> tuple[LabelledImage, ...]:
    return tuple(bright_square(folder, number, width, height) for number in range(4))


def plan(mosaic_share: float = 0.5) -> BatchPlan:
    return BatchPlan(8, LONG_SIDE, seed=3, mosaic_steps=100, mosaic_share=mosaic_share)


def brightness(image: torch.Tensor, box: torch.Tensor) -> float:
    """Return how much brighter the middle of a box is than the picture's darkest part."""
    x0, y0, x1, y1 = box.tolist()
    inset_x, inset_y = 0.25 * (x1 - x0), 0.25 * (y1 - y0)
    inside = image[:, round(y0 + inset_y):round(y1 - inset_y) + 1,
                   round(x0 + inset_x):round(x1 - inset_x) + 1].float().mean()
    return float(inside - image.float().flatten(1).quantile(0.02))


def check_boxes(batch: Batch) -> int:
    """Check that every box lies in its picture and on its square; return how many there are."""
    height, width = batch.images.shape[2:]
    rows, columns = torch.nonzero(batch.labels >= 0, as_tuple=True)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        box = batch.boxes[row, column]
        assert (box >= 0).all()
        assert (box <= torch.tensor([width, height, width, height])).all()
        if (box[2:] - box[:2]).min() > 8:
            assert brightness(batch.images[row], box) > 25
    return len(rows)


@pytest.mark.parametrize('share', [0.0, 1.0])
def test_boxes_stay_on_their_objects(tmp_path: Path, share: float) -> None:
    batches = DeviceBatches([squares(tmp_path)], plan(share), CPU)
    found = sum(check_boxes(batches.batch(step)) for step in range(6))
    assert found > (30 if share == 0.0 else 60)


def test_parts_are_cut_out_at_the_scale_that_a_processor_gives_them(tmp_path: Path) -> None:
    pictures = [squares(tmp_path, 640, 480)]
    parts = BatchPlan(8, LONG_SIDE, seed=3, mosaic_steps=100, mosaic_share=0.0, zoom=3.0)

    def side_of_squares(batches: Iterable[Batch]) -> float:
        sides = [batch.boxes[batch.labels >= 0] for batch in batches]
        corners = torch.cat(sides)
        whole = (corners > 0).all(1) & (corners[:, 2] < LONG_SIDE) & (corners[:, 3] < 96)
        return float((corners[whole, 2] - corners[whole, 0]).median())

    device = DeviceBatches(pictures, parts, CPU)
    assert device.batch(0).images.shape[2:] == (96, LONG_SIDE)
    expected = side_of_squares(training_batches(pictures, parts, 0, 30, workers=0))
    assert side_of_squares(device.steps(0, 30)) == pytest.approx(expected, rel=0.15)
    assert expected > 0.4 * LONG_SIDE  # of which whole pictures would have a quarter
    assert sum(check_boxes(device.batch(step)) for step in range(6)) > 10


def test_a_large_picture_is_stored_smaller_with_its_boxes(tmp_path: Path) -> None:
    batches = DeviceBatches([squares(tmp_path, 640, 480)], plan(0.0), CPU)
    batch = batches.batch(0)
    assert batch.images.shape == (8, 3, 96, 128)
    assert batch.images.dtype == torch.uint8
    assert check_boxes(batch) >= 4


def test_pictures_of_other_sizes_share_a_canvas(tmp_path: Path) -> None:
    sources = []
    for name, size in (('wide', (160, 90)), ('tall', (90, 160))):
        (tmp_path / name).mkdir()
        sources.append(squares(tmp_path / name, *size))
    batches = DeviceBatches(sources, plan(), CPU)
    shapes = set()
    for step in range(12):
        batch = batches.batch(step)
        shapes.add(tuple(batch.images.shape[2:]))
        check_boxes(batch)
    assert shapes == {(96, 128), (128, 96)}


def test_a_source_listed_twice_is_stored_once_and_drawn_from_twice_as_often(tmp_path: Path
                                                                            ) -> None:
    labels = []
    for name in ('often', 'seldom'):
        (tmp_path / name).mkdir()
        labels.append(squares(tmp_path / name))
    often = labels[0]
    seldom = tuple(LabelledImage(image.image_id, image.path, image.width, image.height,
                                 image.boxes, np.array([0])) for image in labels[1])
    batches = DeviceBatches([often, seldom, often], plan(0.0), CPU)
    drawn = torch.cat([batches.batch(step).labels.flatten() for step in range(40)])
    share = float((drawn == 1).sum() / (drawn >= 0).sum())
    assert 0.55 < share < 0.78


def test_the_same_step_gives_the_same_batch(tmp_path: Path) -> None:
    first, second = (DeviceBatches([squares(tmp_path)], plan(), CPU) for _ in range(2))
    one, same, other = first.batch(5), second.batch(5), second.batch(6)
    assert torch.equal(one.images, same.images)
    assert torch.equal(one.boxes, same.boxes)
    assert not torch.equal(one.images, other.images)


def test_a_resumed_run_goes_on_with_the_batch_of_its_step(tmp_path: Path) -> None:
    batches = DeviceBatches([squares(tmp_path)], plan(), CPU)
    resumed = list(batches.steps(4, 6))
    assert len(resumed) == 2
    assert torch.equal(resumed[1].images, batches.batch(5).images)


def test_pictures_without_boxes_are_trained_on_too(tmp_path: Path) -> None:
    image = bright_square(tmp_path, 0, 160, 120)
    empty = LabelledImage(0, image.path, 160, 120, np.zeros((0, 4), np.float32),
                          np.zeros(0, np.int64))
    batch = DeviceBatches([(empty,)], plan(), CPU).batch(0)
    assert (batch.labels == -1).all()
    assert batch.boxes.shape == (8, 1, 4)


def test_a_processor_varies_pictures_in_other_processes_instead(tmp_path: Path) -> None:
    assert not fits_device([squares(tmp_path)], plan(), CPU)


def smooth_pictures(height: int, width: int) -> torch.Tensor:
    ramp = torch.linspace(0, 6.0, width)[None, None, None] + torch.linspace(
        0, 4.0, height)[None, None, :, None]
    phases = torch.tensor([0.0, 1.0, 2.0])[None, :, None, None]
    return (128 + 90 * torch.sin(ramp + phases)).repeat(2, 1, 1, 1)


@pytest.mark.parametrize(('height', 'width'), [(64, 96), (50, 70)])
def test_compression_errs_more_at_lower_quality(height: int, width: int) -> None:
    pictures = smooth_pictures(height, width)
    errors = (compress(pictures, np.array([90, 10])) - pictures).abs().mean((1, 2, 3))
    assert errors[0] < 4.0
    assert errors[1] > 1.5 * errors[0]


def test_degraded_pictures_stay_pictures_and_follow_the_generator() -> None:
    pictures = smooth_pictures(48, 64).repeat(20, 1, 1, 1)
    first, same, other = (degrade_batch(pictures.clone(), np.random.default_rng(seed))
                          for seed in (1, 1, 2))
    assert first.dtype == torch.uint8
    assert first.shape == pictures.shape
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    assert (first.float() - pictures).abs().mean((1, 2, 3)).min() > 0.1
    likeness = torch.corrcoef(torch.stack([first[0].float().flatten(), pictures[0].flatten()]))
    assert likeness[0, 1] > 0.7
