"""
Batches varied on a GPU, which would wait for `batches`.

What `batches` and `augmentation` do to one picture at a time with OpenCV, a hundred at once with
tensors: a GPU takes a thousand pictures a second, of which a processor core varies 130. All
pictures lie in the device's memory, which a data set of some ten thousand fills.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor
from torch.nn import functional

from slim_split_ros.training.data.augmentation import (
    MIN_SIDE,
    MIN_VISIBLE,
    MOSAIC_SCALE_RANGE,
    PAD_GREY,
    SCALE_RANGE,
    fit,
)
from slim_split_ros.training.data.batches import Batch, BatchPlan, input_size, read_sample
from slim_split_ros.training.data.coco_folder import LabelledImage
from slim_split_ros.training.data.device_degradation import degrade_batch

# Longest side of a stored picture, in long sides of the network's input, where no part is cut out.
STORED_SIDE = 1.5
HALVED_BELOW = 0.5  # scale under which linear interpolation would skip pixels
MEMORY_SHARE = 0.4  # of the device's memory that pictures may take


def fits_device(sources: list[tuple[LabelledImage, ...]], plan: BatchPlan, device: torch.device
                ) -> bool:
    """Say whether pictures are worth storing on a device: a GPU with memory for all of them."""
    if device.type != 'cuda':
        return False
    height, width = _canvas([image for source in _distinct(sources) for image in source], plan)
    count = sum(len(source) for source in _distinct(sources))
    free, _ = torch.cuda.mem_get_info(device)
    return 3 * count * height * width < MEMORY_SHARE * free


class DeviceBatches:
    """
    Make batch number `step` from nothing but the plan and the number, on a device.

    Each source is drawn from equally often, whatever its size.
    """

    def __init__(self, sources: list[tuple[LabelledImage, ...]], plan: BatchPlan,
                 device: torch.device) -> None:
        self._plan = plan
        self._device = device
        distinct = _distinct(sources)
        images = [image for source in distinct for image in source]
        first = dict(zip((id(source) for source in distinct),
                         np.cumsum([0, *map(len, distinct[:-1])]), strict=True))
        self._sources = np.array([(first[id(source)], len(source)) for source in sources])
        self._inputs = [input_size(image, plan.input_long_side) for image in images]
        canvas = _canvas(images, plan)
        self._pictures = torch.empty(len(images), 3, *canvas, dtype=torch.uint8, device=device)
        most = max(1, max(len(image.labels) for image in images))
        boxes = torch.zeros(len(images), most, 4)
        labels = torch.full((len(images), most), -1)
        self._sizes = np.empty((len(images), 2))  # width and height of what the canvas holds
        for row, image in enumerate(images):
            sample = read_sample(image)
            scale = min(1.0, canvas[1] / image.width, canvas[0] / image.height)
            sample = fit(sample, *canvas) if scale < 1.0 else sample
            self._sizes[row] = image.width * scale, image.height * scale
            pixels = cv2.copyMakeBorder(
                sample.image, 0, canvas[0] - sample.image.shape[0], 0,
                canvas[1] - sample.image.shape[1], cv2.BORDER_CONSTANT, value=(PAD_GREY,) * 3)
            self._pictures[row] = torch.from_numpy(pixels).to(device).permute(2, 0, 1)
            boxes[row, :len(sample.labels)] = torch.from_numpy(sample.boxes)
            labels[row, :len(sample.labels)] = torch.from_numpy(sample.labels)
        self._boxes, self._labels = boxes.to(device), labels.to(device)

    def steps(self, first: int, last: int) -> Generator[Batch, None, None]:
        """Yield the batches of steps `first` to `last` - 1."""
        for step in range(first, last):
            yield self.batch(step)

    @torch.no_grad()
    def batch(self, step: int) -> Batch:
        """Return the batch of a step."""
        rng = np.random.default_rng([self._plan.seed, step])
        count = self._plan.batch_size
        height, width = self._inputs[self._draw(1, rng)[0]]
        share = self._plan.mosaic_share if step < self._plan.mosaic_steps else 0.0
        parts = self._parts(height, width, share, rng)
        images = self._place(parts, count, height, width)
        boxes, labels = self._move_boxes(parts, count)
        flipped = torch.from_numpy(rng.random(count) < 0.5).to(self._device)[:, None, None]
        images = torch.where(flipped[..., None], images.flip(3), images)
        mirrored = torch.stack([width - boxes[..., 2], boxes[..., 1], width - boxes[..., 0],
                                boxes[..., 3]], dim=-1)
        boxes = torch.where(flipped, mirrored, boxes)
        return Batch(degrade_batch(images, rng), boxes, labels)

    def _draw(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return numbers of pictures (count,)."""
        first, size = self._sources[rng.integers(len(self._sources), size=count)].T
        return first + (size * rng.random(count)).astype(np.int64)

    def _parts(self, height: int, width: int, mosaic_share: float, rng: np.random.Generator
               ) -> _Parts:
        """Return one picture for each row of the batch, or the four of a mosaic."""
        joined = rng.random(self._plan.batch_size) < mosaic_share
        single, four = np.flatnonzero(~joined), np.flatnonzero(joined)
        x, y = ((side * rng.uniform(0.3, 0.7, len(four))).astype(np.int64)
                for side in (width, height))
        low, right, bottom = np.zeros_like(x), np.full_like(x, width), np.full_like(y, height)
        regions = np.concatenate([np.tile([0, 0, width, height], (len(single), 1)), *(
            np.stack(sides, axis=1) for sides in (
                (low, low, x, y), (x, low, right, y), (low, y, x, bottom), (x, y, right, bottom)
            ))])
        count = len(regions)
        pictures = self._draw(count, rng)
        alone = np.multiply(SCALE_RANGE, self._plan.zoom)
        ranges = np.log(np.where(
            np.arange(count)[:, None] < len(single), alone, MOSAIC_SCALE_RANGE))
        sides = regions[:, 2:] - regions[:, :2]
        sizes = self._sizes[pictures]
        scales = (sides / sizes).min(1) * np.exp(rng.uniform(ranges[:, 0], ranges[:, 1]))
        shifts = regions[:, :2] + (sides - sizes * scales[:, None]) * rng.random((count, 2))
        return _Parts(*(torch.from_numpy(values).to(self._device) for values in (
            np.concatenate([single, np.tile(four, 4)]), pictures, regions,
            scales.astype(np.float32), shifts.astype(np.float32))))

    def _place(self, parts: _Parts, count: int, height: int, width: int) -> Tensor:
        """Return pictures float32 (N, 3, H, W), grey where no part covers them."""
        images = torch.full((count, 3, height, width), float(PAD_GREY), device=self._device)
        halved = parts.scale < HALVED_BELOW
        for part, is_halved in ((parts.chosen(~halved), False), (parts.chosen(halved), True)):
            if not len(part.row):
                continue
            source = self._pictures[part.picture].float() - PAD_GREY
            across, down = part.scale * source.shape[3], part.scale * source.shape[2]
            if is_halved:
                source = functional.avg_pool2d(source, 2)
            x, y = part.shift.unbind(1)
            theta = torch.zeros(len(x), 2, 3, device=self._device)
            theta[:, 0, 0], theta[:, 0, 2] = width / across, (width - 2 * x) / across - 1
            theta[:, 1, 1], theta[:, 1, 2] = height / down, (height - 2 * y) / down - 1
            grid = functional.affine_grid(theta, [len(x), 3, height, width], align_corners=False)
            placed = functional.grid_sample(source, grid, align_corners=False)
            columns = torch.arange(width, device=self._device)
            rows = torch.arange(height, device=self._device)[:, None]
            x0, y0, x1, y1 = part.region[:, :, None, None].unbind(1)
            inside = (columns >= x0) & (columns < x1) & (rows >= y0) & (rows < y1)
            images.index_add_(0, part.row, placed * inside[:, None])
        return images

    def _move_boxes(self, parts: _Parts, count: int) -> tuple[Tensor, Tensor]:
        """Return boxes (N, M, 4) and labels (N, M), -1 for none, cut to the fullest picture."""
        boxes = self._boxes[parts.picture] * parts.scale[:, None, None]
        boxes = boxes + parts.shift.repeat(1, 2)[:, None]
        low, high = parts.region[:, None].float().chunk(2, dim=-1)
        cut = torch.cat([boxes[..., :2].clamp(low, high), boxes[..., 2:].clamp(low, high)], -1)
        sides, full = cut[..., 2:] - cut[..., :2], boxes[..., 2:] - boxes[..., :2]
        kept = (sides.amin(-1) >= MIN_SIDE) & (sides.prod(-1) >= MIN_VISIBLE * full.prod(-1))
        kept &= self._labels[parts.picture] >= 0
        row = parts.row[:, None].expand_as(kept)[kept]
        order = row.argsort(stable=True)
        row, cut, label = row[order], cut[kept][order], self._labels[parts.picture][kept][order]
        counts = torch.bincount(row, minlength=count)
        place = torch.arange(len(row), device=self._device) - (counts.cumsum(0) - counts)[row]
        most = max(1, int(counts.max()))
        moved = torch.zeros(count, most, 4, device=self._device)
        labels = torch.full((count, most), -1, device=self._device)
        moved[row, place], labels[row, place] = cut, label
        return moved, labels


@dataclass(frozen=True, slots=True)
class _Parts:
    """Where stored pictures come to lie: stored pixels times `scale` plus `shift`."""

    row: Tensor  # K, of the batch
    picture: Tensor  # K
    region: Tensor  # K, 4: x0, y0, x1, y1 of what a part covers
    scale: Tensor  # K
    shift: Tensor  # K, 2: x, y

    def chosen(self, mask: Tensor) -> _Parts:
        """Return those parts that a mask (K,) names."""
        return _Parts(*(values[mask] for values in (
            self.row, self.picture, self.region, self.scale, self.shift)))


def _distinct(sources: list[tuple[LabelledImage, ...]]) -> list[tuple[LabelledImage, ...]]:
    """Return each source once: one that is listed twice is drawn from twice as often."""
    return list({id(source): source for source in sources}.values())


def _canvas(images: list[LabelledImage], plan: BatchPlan) -> tuple[int, int]:
    """Return even height and width that hold every stored picture."""
    limit = int(STORED_SIDE * plan.zoom * plan.input_long_side)
    scales = [min(1.0, limit / max(image.width, image.height)) for image in images]
    sides = [max(round(getattr(image, side) * scale) for image, scale in zip(
        images, scales, strict=True)) for side in ('height', 'width')]
    return sides[0] + sides[0] % 2, sides[1] + sides[1] % 2
