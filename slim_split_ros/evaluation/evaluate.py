"""How do the ways of getting detections off a robot compare? All on the same pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from slim_split_ros.evaluation.coco_metrics import (
    SCORE_FLOOR,
    Accuracy,
    load_ground_truth,
    measure_accuracy,
    to_coco_results,
)
from slim_split_ros.evaluation.errors import EvaluationError
from slim_split_ros.evaluation.image_codecs import image_settings, send_picture
from slim_split_ros.evaluation.points import MeasuredFrame, MeasuredPoint, Setting
from slim_split_ros.evaluation.slim_codec import (
    MAX_DETECTIONS,
    SlimCodec,
    message_bytes,
    slim_settings,
)
from slim_split_ros.evaluation.torch_detector import TorchDetector
from slim_split_ros.networks.stored_weights import load_model
from slim_split_ros.training.coco_folder import CocoSplit, LabelledImage
from slim_split_ros.wire.manifest import Manifest

CODECS = ('slim', 'jpeg', 'webp')
WARM_UP_FRAMES = 5  # not counted: the first runs of a session allocate

Measure = Callable[[LabelledImage, NDArray[np.uint8]], MeasuredFrame]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The detector on undamaged pictures, and every point measured."""

    detector: Accuracy
    points: tuple[MeasuredPoint, ...]


def evaluate(manifest: Manifest, split: CocoSplit, codecs: tuple[str, ...],
             dump: Path | None, progress: Callable[[Iterable, str], Iterable]) -> Evaluation:
    """
    Measure the detector, then every setting of the codecs, on a split.

    The robot's side runs on one thread. `dump` receives each point's detections in COCO's result
    format, `progress` wraps an iterable and shows how far it is. Raises EvaluationError for a
    data set of other classes.
    """
    if split.classes != manifest.classes:
        raise EvaluationError(
            f'{split.annotation_file} has classes {", ".join(split.classes)}; the model detects '
            f'{", ".join(manifest.classes)}: evaluate a model that was trained for them')
    cv2.setNumThreads(1)
    truth = load_ground_truth(split.annotation_file)
    detector = TorchDetector(load_model(manifest.folder), SCORE_FLOOR, MAX_DETECTIONS)
    points = []
    for setting, measure in _measures(manifest, codecs, detector, split):
        frames = tuple(_run(split, measure, setting.name, progress))
        results = [row for frame in frames for row in frame.results]
        if dump is not None:
            _dump(dump / f'{setting.name}.json', results)
        points.append(MeasuredPoint(setting, frames, measure_accuracy(truth, results)))
    reference, *points = points
    return Evaluation(reference.accuracy, tuple(points))


def _measures(manifest: Manifest, codecs: tuple[str, ...], detector: TorchDetector,
              split: CocoSplit) -> Iterator[tuple[Setting, Measure]]:
    ids = split.category_ids
    yield Setting('none'), _undamaged(detector, ids)
    if 'slim' in codecs:
        codec = SlimCodec(manifest)
        for setting in slim_settings(manifest):
            yield setting, _through_slim(codec, setting, ids)
    for name in ('jpeg', 'webp'):
        if name in codecs:
            for setting in image_settings(name):
                yield setting, _through_picture(detector, setting, ids)


def _undamaged(detector: TorchDetector, category_ids: tuple[int, ...]) -> Measure:
    def measure(image: LabelledImage, pixels: NDArray[np.uint8]) -> MeasuredFrame:
        results = to_coco_results(image.image_id, detector.detect(pixels), category_ids)
        return MeasuredFrame(image.image_id, pixels.size, 0.0, 0.0, results)

    return measure


def _through_slim(codec: SlimCodec, setting: Setting, category_ids: tuple[int, ...]) -> Measure:
    def measure(image: LabelledImage, pixels: NDArray[np.uint8]) -> MeasuredFrame:
        encoded = codec.encode(pixels, setting)
        found = codec.detect(encoded, setting)
        return MeasuredFrame(
            image.image_id, message_bytes(encoded), encoded.encode_ms, encoded.network_ms,
            to_coco_results(image.image_id, found, category_ids))

    return measure


def _through_picture(detector: TorchDetector, setting: Setting, category_ids: tuple[int, ...]
                     ) -> Measure:
    def measure(image: LabelledImage, pixels: NDArray[np.uint8]) -> MeasuredFrame:
        sent = send_picture(pixels, setting)
        results = to_coco_results(image.image_id, detector.detect(sent.image), category_ids)
        return MeasuredFrame(image.image_id, sent.bytes, sent.encode_ms, 0.0, results)

    return measure


def _run(split: CocoSplit, measure: Measure, name: str,
         progress: Callable[[Iterable, str], Iterable]) -> Iterator[MeasuredFrame]:
    for image in split.images[:WARM_UP_FRAMES]:
        measure(image, _read(image))
    for image in progress(split.images, name):
        yield measure(image, _read(image))


def _read(image: LabelledImage) -> NDArray[np.uint8]:
    return cv2.imread(str(image.path), cv2.IMREAD_COLOR)


def _dump(path: Path, results: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results), 'utf-8')
