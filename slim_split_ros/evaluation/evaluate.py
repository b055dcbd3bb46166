"""How the ways of getting detections off a robot compare, all on the same pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from slim_split_ros.coders import why_no_video_encoding
from slim_split_ros.evaluation.codecs.codec import Codec, Sent
from slim_split_ros.evaluation.codecs.h264_codec import H264Codec
from slim_split_ros.evaluation.codecs.image_codecs import PictureCodec, RawCodec
from slim_split_ros.evaluation.codecs.model_codec import ModelCodec, slim_settings
from slim_split_ros.evaluation.codecs.picture_detector import PictureDetector
from slim_split_ros.evaluation.codecs.rivals import RIVALS, lack_of_rivals, load_rival
from slim_split_ros.evaluation.errors import EvaluationError
from slim_split_ros.evaluation.figures.coco_metrics import Accuracy, load_ground_truth
from slim_split_ros.evaluation.figures.map_shares import MapShare, measure_maps
from slim_split_ros.evaluation.figures.measured_run import (
    SERVER_FRAMES,
    WARM_UP_FRAMES,
    MeasuredRun,
    cut_in_chunks,
    read_pictures,
)
from slim_split_ros.evaluation.figures.points import MeasuredPoint, Setting
from slim_split_ros.evaluation.figures.resampling import Resampling
from slim_split_ros.networks.rivals.stored import StoredRivals
from slim_split_ros.networks.split_detector import SplitDetector
from slim_split_ros.networks.stored_weights import load_model
from slim_split_ros.training.data.coco_folder import CocoSplit, LabelledImage
from slim_split_ros.wire.manifest import Manifest

IMAGE_CODECS = ('jpeg', 'webp')
CODECS = ('slim', 'paper', 'entropic', 'static', 'late', *IMAGE_CODECS, 'h264', 'none', 'local')
YARDSTICK = Setting('jpeg', quality=80, scale=1.0)  # to whose time others are compared

Progress = Callable[[Iterable, str], Iterable]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The detector on undamaged pictures, JPEG's mean time as yardstick, and every point."""

    detector: Accuracy
    jpeg_ms: float
    points: tuple[MeasuredPoint, ...]
    pictures: Resampling
    maps: tuple[MapShare, ...] = ()

    def draws(self) -> list[dict[str, Any]]:
        """Return what other recordings would give: the detector's AP50 and a row a point."""
        counts = self.pictures.counts
        sizes = [point.draw_bytes(self.pictures) for point in self.points]
        return [{'detector': float(self.detector.ap50_samples[draw]), 'points': [
            {**point.setting.to_dict(), 'bytes': float(size[draw]), 'encode_ms': 0.0,
             'ap50': float(point.accuracy.ap50_samples[draw])}
            for point, size in zip(self.points, sizes, strict=True)]}
            for draw in range(len(counts))]


def available_codecs(rivals: StoredRivals | None) -> tuple[str, ...]:
    """Return the codecs that can be measured here with these rivals, or with none."""
    missing = () if rivals is not None else RIVALS
    missing += ('h264',) if why_no_video_encoding() else ()
    return tuple(name for name in CODECS if name not in missing)


def evaluate(manifest: Manifest, split: CocoSplit, codecs: tuple[str, ...],
             rivals: StoredRivals | None, dump: Path | None, progress: Progress) -> Evaluation:
    """
    Measure the detector and every setting of the codecs on a split.

    Settings take turns, some pictures each, so that a busy minute of the machine slows all alike.
    The robot's side runs on one thread. `dump` receives each point's detections in COCO's result
    format, `progress` wraps an iterable and shows how far it is. Raises EvaluationError for a
    data set of other classes, and for rivals that are not there.
    """
    check_classes(manifest, split)
    _check_codecs(manifest, codecs, rivals)
    cv2.setNumThreads(1)
    truth = load_ground_truth(split.annotation_file)
    pictures = Resampling.of_recordings(split.images)
    with TemporaryDirectory() as scratch:
        model = load_model(manifest.folder)
        detector = PictureDetector(
            model.detector, manifest.input_long_side, Path(scratch))
        measured = [RawCodec(detector),
                    *_codecs(manifest, codecs, model, detector, rivals, Path(scratch))]
        runs = [_StillRun(codec, MeasuredRun(setting, split.category_ids))
                for codec in measured for setting in codec.settings]
        turns = list(product(cut_in_chunks(split.images), runs))
        jpeg, jpeg_ms = PictureCodec(YARDSTICK.codec, detector), []
        with ThreadPoolExecutor(SERVER_FRAMES) as pool:
            for chunk, run in progress(turns, 'pictures'):
                run.add(chunk, pool)
                if run is runs[-1]:
                    jpeg_ms += [sent.encode_ms
                                for sent in _encode(jpeg, YARDSTICK, read_pictures(chunk))]
    if dump is not None:
        for run in runs:
            run.figures.dump(dump)
    undamaged, *points = (run.figures.point(truth, pictures) for run in runs)
    points += [undamaged] if 'none' in codecs else []
    order = {name: place for place, name in enumerate(CODECS)}
    points.sort(key=lambda point: order[point.setting.codec])
    maps = measure_maps(manifest, split.images) if 'slim' in codecs else []
    return Evaluation(
        undamaged.accuracy, float(np.mean(jpeg_ms)), tuple(points), pictures, tuple(maps))


def check_classes(manifest: Manifest, split: CocoSplit) -> None:
    """
    Raise EvaluationError for other classes than the model's, or a split without boxes.

    Also for a model with the detector of others, which labelled pictures do not judge.
    """
    if manifest.detector:
        raise EvaluationError(
            f'the model in {manifest.folder} detects with {manifest.detector}, which looks at '
            'pictures as its makers exported it: judge it with --detector '
            f'{manifest.folder / manifest.detector} and --source, without labels')
    if split.classes != manifest.classes:
        raise EvaluationError(
            f'{split.annotation_file} has classes {", ".join(split.classes)}; the model detects '
            f'{", ".join(manifest.classes)}: evaluate a model that was trained for them')
    if not any(len(image.labels) for image in split.images):
        raise EvaluationError(f'{split.annotation_file} has no boxes to compare detections with')


def _check_codecs(manifest: Manifest, codecs: tuple[str, ...], rivals: StoredRivals | None
                  ) -> None:
    missing = sorted(set(codecs) - set(available_codecs(rivals)))
    of_rivals = [name for name in missing if name in RIVALS]
    if of_rivals:
        raise EvaluationError(
            f'{", ".join(of_rivals)} cannot be measured: {lack_of_rivals(manifest)}')
    if missing:
        raise EvaluationError(
            f'{", ".join(missing)} cannot be measured: {why_no_video_encoding()}')


def _codecs(manifest: Manifest, names: tuple[str, ...], model: SplitDetector,
            detector: PictureDetector, rivals: StoredRivals | None, scratch: Path
            ) -> Iterator[Codec]:
    """Yield what is measured beside the undamaged picture."""
    if 'slim' in names:
        yield ModelCodec(manifest, slim_settings(manifest))
    for name in RIVALS:
        if name in names and rivals is not None:
            folder = scratch / name
            folder.mkdir()
            yield load_rival(rivals, name, model, folder)
    for name in IMAGE_CODECS:
        if name in names:
            yield PictureCodec(name, detector)
    if 'h264' in names:
        yield H264Codec(detector)


@dataclass(slots=True)
class _StillRun:
    """Measure one setting of a codec that treats every picture alone."""

    codec: Codec
    figures: MeasuredRun

    @property
    def setting(self) -> Setting:
        """Return what is measured."""
        return self.figures.setting

    def add(self, images: tuple[LabelledImage, ...], pool: Executor) -> None:
        """
        Measure some pictures.

        All are read before they are encoded, and encoded before they are detected: a camera hands
        over pixels and no file, whose decoding would empty the processor's caches in between, and
        the server's threads would disturb the robot's time. Two frames at once, each on a thread
        of its own, end sooner than one on two threads.
        """
        sent = _encode(self.codec, self.setting, read_pictures(images))
        found = pool.map(lambda each: self.codec.detect(each, self.setting), sent)
        for image, each, detections in zip(images, sent, found, strict=True):
            self.figures.add(image, each, detections)


def _encode(codec: Codec, setting: Setting, pictures: list[NDArray[np.uint8]]) -> list[Sent]:
    for picture in pictures[:WARM_UP_FRAMES]:
        codec.encode(picture, setting)
    return [codec.encode(picture, setting) for picture in pictures]
