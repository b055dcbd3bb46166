"""What gathers while one setting is measured, picture by picture."""

from __future__ import annotations

from dataclasses import dataclass, field
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO

from slim_split_ros.detectors.detections import Detections
from slim_split_ros.evaluation.codecs.codec import Sent
from slim_split_ros.evaluation.figures.coco_metrics import measure_accuracy, to_coco_results
from slim_split_ros.evaluation.figures.points import MeasuredFrame, MeasuredPoint, Setting
from slim_split_ros.evaluation.figures.resampling import Resampling
from slim_split_ros.training.data.coco_folder import LabelledImage
from slim_split_ros.training.data.pictures import read_picture
from slim_split_ros.training.errors import DataSetError

SERVER_FRAMES = 2  # detected at once
CHUNK_FRAMES = 32  # read, encoded and kept in memory at once
WARM_UP_FRAMES = 5  # not counted: others ran before, and the first runs of a session allocate


@dataclass(slots=True)
class MeasuredRun:
    """Gather the figures of one setting; `results` are detections in COCO's format."""

    setting: Setting
    category_ids: tuple[int, ...]
    frames: list[MeasuredFrame] = field(default_factory=list)
    results: list[dict] = field(default_factory=list)

    def add(self, image: LabelledImage, sent: Sent, detections: Detections,
            time_s: float | None = None) -> None:
        """Take in one picture."""
        self.results += to_coco_results(image.image_id, detections, self.category_ids)
        self.frames.append(MeasuredFrame(
            image.image_id, sent.bytes, sent.encode_ms, sent.network_ms, time_s))

    def point(self, truth: COCO, pictures: Resampling) -> MeasuredPoint:
        """
        Return what was measured, with the accuracy on all of its pictures.

        Results are gone afterwards: those of all settings and thousands of pictures are gigabytes.
        """
        results, self.results = self.results, []
        return MeasuredPoint(
            self.setting, tuple(self.frames), measure_accuracy(truth, results, pictures))

    def dump(self, folder: Path) -> None:
        """Leave the detections in COCO's result format."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f'{self.setting.name}.json').write_text(json.dumps(self.results), 'utf-8')


def cut_in_chunks(images: tuple[LabelledImage, ...]) -> list[tuple[LabelledImage, ...]]:
    """Return the images in their order, CHUNK_FRAMES at a time."""
    return [images[first:first + CHUNK_FRAMES]
            for first in range(0, len(images), CHUNK_FRAMES)]


def read_pictures(images: tuple[LabelledImage, ...]) -> list[NDArray[np.uint8]]:
    """
    Return their pixels.

    Raises DataSetError naming a file that is no picture, or not of the size that boxes are of.
    """
    pictures = [read_picture(image.path) for image in images]
    for image, picture in zip(images, pictures, strict=True):
        if picture.shape[:2] != (image.height, image.width):
            raise DataSetError(
                f'{image.path} has {picture.shape[1]}x{picture.shape[0]} pixels, its annotations '
                f'say {image.width}x{image.height}: mend width, height and boxes')
    return pictures
