"""A row of the pictures that training sees, drawn with their boxes for a person to look at."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from slim_split_ros.training.data.batches import Batch, BatchPlan, training_batches
from slim_split_ros.training.data.coco_folder import LabelledImage

SAMPLES_FILE = 'samples.jpg'
SHOWN = 6
COLOURS = ((64, 220, 64), (64, 160, 255), (255, 160, 64), (220, 64, 220))  # BGR, by class in turn


def write_samples(sources: list[tuple[LabelledImage, ...]], plan: BatchPlan,
                  classes: tuple[str, ...], folder: Path) -> Path:
    """Write the first pictures of a plan's first batch, and return the file."""
    batch = next(training_batches(sources, plan, 0, 1, workers=0))
    file = folder / SAMPLES_FILE
    folder.mkdir(parents=True, exist_ok=True)
    file.write_bytes(cv2.imencode('.jpg', draw_samples(batch, classes))[1].tobytes())
    return file


def draw_samples(batch: Batch, classes: tuple[str, ...]) -> NDArray[np.uint8]:
    """Return pictures side by side, uint8 (H, n * W, 3), BGR, with boxes and class names."""
    row = []
    for image, boxes, labels in zip(batch.images[:SHOWN], batch.boxes, batch.labels, strict=False):
        pixels = np.ascontiguousarray(image.permute(1, 2, 0).numpy())
        for (x0, y0, x1, y1), label in zip(boxes.round().int().tolist(), labels.tolist(),
                                           strict=True):
            if label >= 0:
                colour = COLOURS[label % len(COLOURS)]
                cv2.rectangle(pixels, (x0, y0), (x1, y1), colour, 1)
                cv2.putText(pixels, classes[label], (x0, max(y0 - 2, 9)),
                            cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1, cv2.LINE_AA)
        row.append(pixels)
    return np.concatenate(row, axis=1)
