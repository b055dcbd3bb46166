"""Batches of varied pictures; each has one geometry, drawn from the data's own."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
import signal

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from slim_split_ros.networks.config import INPUT_MULTIPLE
from slim_split_ros.training.data.augmentation import Sample, fit, mosaic, vary
from slim_split_ros.training.data.coco_folder import LabelledImage
from slim_split_ros.training.data.pictures import read_picture
from slim_split_ros.wire.geometry import FrameGeometry

MOSAIC_SHARE = 0.5
# What a terminal, `timeout` or a supervisor sends to all processes of a command.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Batch:
    """Pictures with their boxes, padded to the largest count of the batch."""

    images: Tensor  # uint8 (N, 3, H, W), BGR
    boxes: Tensor  # float32 (N, M, 4): x0, y0, x1, y1 in input pixels
    labels: Tensor  # int64 (N, M), -1 where there is no box

    def pin_memory(self) -> Batch:
        """Return a copy that a GPU fetches by itself; the loader calls this where there is one."""
        return Batch(self.images.pin_memory(), self.boxes.pin_memory(), self.labels.pin_memory())


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """Where the batches of a run come from; the same plan gives the same batches."""

    batch_size: int
    input_long_side: int
    seed: int
    mosaic_steps: int  # afterwards pictures come whole, as cameras give them
    mosaic_share: float = MOSAIC_SHARE
    zoom: float = 1.0  # above 1 pictures are cut: what is left is so much larger


class _PlannedBatches(Dataset):
    """Make batch number `step` from nothing but the plan and the number."""

    def __init__(self, sources: list[tuple[LabelledImage, ...]], plan: BatchPlan) -> None:
        self._sources = sources
        self._plan = plan

    def __getitem__(self, step: int) -> Batch:
        rng = np.random.default_rng([self._plan.seed, step])
        cv2.setRNGSeed(int(rng.integers(2 ** 31)))
        height, width = self._geometry(self._draw(rng))
        share = self._plan.mosaic_share if step < self._plan.mosaic_steps else 0.0
        samples = [self._sample(height, width, share, rng)
                   for _ in range(self._plan.batch_size)]
        return collate(samples)

    def _draw(self, rng: np.random.Generator) -> LabelledImage:
        source = self._sources[rng.integers(len(self._sources))]
        return source[rng.integers(len(source))]

    def _geometry(self, image: LabelledImage) -> tuple[int, int]:
        return input_size(image, self._plan.input_long_side)

    def _sample(self, height: int, width: int, mosaic_share: float, rng: np.random.Generator
                ) -> Sample:
        if rng.random() < mosaic_share:
            return mosaic([read_sample(self._draw(rng)) for _ in range(4)], height, width, rng)
        return vary(read_sample(self._draw(rng)), height, width, rng, self._plan.zoom)


def input_size(image: LabelledImage, long_side: int) -> tuple[int, int]:
    """Return height and width of the network input that a picture is letterboxed to."""
    geometry = FrameGeometry.fit(image.width, image.height, long_side, INPUT_MULTIPLE)
    return geometry.input_height, geometry.input_width


def read_sample(image: LabelledImage) -> Sample:
    """Read a picture from disk with its boxes as corners."""
    pixels = read_picture(image.path)
    corners = np.concatenate([image.boxes[:, :2], image.boxes[:, :2] + image.boxes[:, 2:]], axis=1)
    return Sample(pixels, corners, image.labels)


def collate(samples: list[Sample]) -> Batch:
    """Stack samples of one size, padding boxes with label -1."""
    most = max(1, max(len(sample.labels) for sample in samples))
    boxes = torch.zeros(len(samples), most, 4)
    labels = torch.full((len(samples), most), -1)
    for row, sample in enumerate(samples):
        boxes[row, :len(sample.labels)] = torch.from_numpy(sample.boxes)
        labels[row, :len(sample.labels)] = torch.from_numpy(sample.labels)
    images = torch.from_numpy(np.stack([sample.image for sample in samples]))
    return Batch(images.permute(0, 3, 1, 2), boxes, labels)


def training_batches(
    sources: list[tuple[LabelledImage, ...]], plan: BatchPlan, first_step: int, last_step: int,
    workers: int,
) -> Generator[Batch, None, None]:
    """
    Yield the batches of steps `first_step` to `last_step` - 1, made in other processes.

    Each source is drawn from equally often, whatever its size. Close it when an error ends the
    run: the processes ignore what else would end them, and this one would wait for them.
    """
    cv2.setNumThreads(1)  # the workers share the processor out already
    batches = iter(DataLoader(
        _PlannedBatches(sources, plan), batch_size=None, sampler=range(first_step, last_step),
        num_workers=workers, prefetch_factor=4 if workers else None,
        worker_init_fn=_leave_signals_to_parent, pin_memory=torch.cuda.is_available()))
    try:
        yield from batches
    finally:
        del batches  # ends the processes


def _leave_signals_to_parent(worker: int) -> None:
    """End with the run and not before it, which would take the loss of a worker for a fault."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def plain_batches(images: tuple[LabelledImage, ...], input_long_side: int, batch_size: int
                  ) -> Iterator[tuple[list[LabelledImage], Batch]]:
    """Yield letterboxed pictures without variation, batched by equal geometry."""
    by_size: dict[tuple[int, int], list[LabelledImage]] = {}
    for image in images:
        by_size.setdefault(input_size(image, input_long_side), []).append(image)
    for (height, width), group in by_size.items():
        for start in range(0, len(group), batch_size):
            part = group[start:start + batch_size]
            yield part, collate([fit(read_sample(image), height, width) for image in part])
