"""
How much of what a detector finds in undamaged frames it still finds behind a codec.

Its own boxes on the undamaged frames are the truth, and all classes are one: rare ones would
shout. The figure is COCO's AP at IoU 0.5.
"""

from __future__ import annotations

from collections.abc import Sequence
import contextlib
from dataclasses import dataclass, replace
import io
from pathlib import Path
import time
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO

from slim_split_ros.detectors import Detections, DetectorRunError, OnnxDetector
from slim_split_ros.evaluation.coco_metrics import (
    SCORE_FLOOR,
    load_ground_truth,
    measure_accuracy,
    to_coco_results,
)
from slim_split_ros.evaluation.codec import MAX_DETECTIONS, Codec, Sent
from slim_split_ros.evaluation.image_codecs import PictureCodec
from slim_split_ros.evaluation.model_codec import ModelCodec, slim_settings
from slim_split_ros.evaluation.picture_detector import DetectedPicture
from slim_split_ros.evaluation.points import MeasuredFrame, MeasuredPoint, Setting
from slim_split_ros.offboard.server import NOTHING
from slim_split_ros.training.data.coco_folder import LabelledImage, load_split
from slim_split_ros.training.data.pictures import read_picture
from slim_split_ros.training.frames import Progress
from slim_split_ros.wire.manifest import Manifest

RIVALS = ('webp', 'jpeg')
# Evenly of those there are: each goes through every setting of every codec.
MEASURED_FRAMES = 40
LEAST_MEASURED_FRAMES = 12
# What the detector may take for all of it; a slow one looks at fewer frames.
DETECTING_SECONDS = 480.0
# Agreement that people will hardly settle below.
AIM = 0.9


class SeenCodec(Codec, Protocol):
    """A codec behind which there is a picture."""

    def picture(self, sent: Sent, setting: Setting) -> NDArray[np.uint8]:
        """Do the server's side up to the picture, uint8 (h, w, 3), BGR."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Every point, and how many frames and boxes it rests on."""

    points: tuple[MeasuredPoint, ...]
    frames: tuple[LabelledImage, ...]
    boxes: int

    def rows(self) -> list[dict[str, Any]]:
        """Return the points for JSON."""
        return [_row(point) for point in self.points]


@dataclass(frozen=True, slots=True)
class OneClass:
    """Run a detector on pictures uint8 (H, W, 3), BGR, for codecs of pictures."""

    detector: OnnxDetector

    def detect(self, image: NDArray[np.uint8]) -> DetectedPicture:
        """Return what is found, all of one class; a picture on which it fails shows nothing."""
        try:
            found = self.detector.detect(image, SCORE_FLOOR, MAX_DETECTIONS)
        except DetectorRunError:
            found = NOTHING
        return DetectedPicture(one_class(found), 0.0, 0.0)


def one_class(found: Detections) -> Detections:
    """Forget the classes."""
    return replace(found, labels=np.zeros_like(found.labels))


def codecs_of(manifest: Manifest, detector: OnnxDetector) -> list[SeenCodec]:
    """Return what is compared, each with all its settings."""
    return [ModelCodec(manifest, slim_settings(manifest), detector),
            *(PictureCodec(name, OneClass(detector)) for name in RIVALS)]


def measure_agreement(
    codecs: Sequence[Codec], detector: OnnxDetector, frames: Path, split: str, progress: Progress
) -> Agreement:
    """
    Measure every setting of the codecs on frames that `write_pseudo_labels` wrote.

    Frames are in order of time. Of many, some are chosen, evenly, so that it ends.
    """
    cv2.setNumThreads(1)
    pictures = load_split(frames, split)
    runs = [(codec, setting) for codec in codecs for setting in codec.settings]
    images = _choose(pictures.images, detector, len(runs))
    truth = _truth_of(load_ground_truth(pictures.annotation_file), images)
    found: list[list[dict]] = [[] for _ in runs]
    sizes: list[list[MeasuredFrame]] = [[] for _ in runs]
    for image in progress(images, f'measuring {len(runs)} settings'):
        picture = read_picture(image.path)
        for (codec, setting), results, frames_of in zip(runs, found, sizes, strict=True):
            sent = codec.encode(picture, setting)
            results += to_coco_results(
                image.image_id, one_class(codec.detect(sent, setting)), pictures.category_ids)
            frames_of.append(MeasuredFrame(
                image.image_id, sent.bytes, sent.encode_ms, sent.network_ms))
    points = tuple(
        MeasuredPoint(setting, tuple(frames_of), measure_accuracy(truth, results))
        for (_, setting), frames_of, results in zip(runs, sizes, found, strict=True))
    return Agreement(points, images, len(truth.dataset['annotations']))


def _choose(
    images: tuple[LabelledImage, ...], detector: OnnxDetector, settings: int
) -> tuple[LabelledImage, ...]:
    """Return as many frames as there is time for, evenly."""
    picture = read_picture(images[0].path)
    OneClass(detector).detect(picture)
    started = time.monotonic()
    OneClass(detector).detect(picture)
    affordable = int(DETECTING_SECONDS / ((time.monotonic() - started) * settings + 1e-9))
    count = min(len(images), max(LEAST_MEASURED_FRAMES, min(MEASURED_FRAMES, affordable)))
    chosen = _evenly(images, count)
    if any(len(image.labels) for image in chosen):
        return chosen
    return _evenly(tuple(image for image in images if len(image.labels)), count)


def _evenly(images: tuple[LabelledImage, ...], count: int) -> tuple[LabelledImage, ...]:
    places = np.linspace(0, len(images) - 1, min(count, len(images))).round().astype(int)
    return tuple(images[place] for place in places)


def _truth_of(truth: COCO, images: Sequence[LabelledImage]) -> COCO:
    """Return the ground truth of these images alone."""
    chosen = {image.image_id for image in images}
    truth.dataset['images'] = [row for row in truth.dataset['images'] if row['id'] in chosen]
    truth.dataset['annotations'] = [
        row for row in truth.dataset['annotations'] if row['image_id'] in chosen]
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
    return truth


def _row(point: MeasuredPoint) -> dict[str, Any]:
    named = point.to_dict()
    names = ('codec', 'width', 'rate', 'quality', 'scale', 'bytes', 'encode_ms', 'encode_ms_p95')
    return {**{name: named[name] for name in names if name in named},
            'agreement_ap50': named['ap50']}
