"""How ours and plain H.264 compare as video, on clips whose frames come in the order of time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from slim_split_ros.coders import why_no_video_encoding
from slim_split_ros.evaluation.clips import Clip, find_clips
from slim_split_ros.evaluation.codecs.codec import VideoCodec, VideoStream
from slim_split_ros.evaluation.codecs.h264_codec import H264VideoCodec
from slim_split_ros.evaluation.codecs.image_codecs import PictureCodec, RawCodec
from slim_split_ros.evaluation.codecs.model_codec import ModelCodec, slim_settings
from slim_split_ros.evaluation.codecs.picture_detector import PictureDetector
from slim_split_ros.evaluation.codecs.still_video import StillVideoCodec
from slim_split_ros.evaluation.errors import EvaluationError
from slim_split_ros.evaluation.evaluate import (
    YARDSTICK,
    Evaluation,
    Progress,
    check_classes,
)
from slim_split_ros.evaluation.figures.coco_metrics import load_ground_truth
from slim_split_ros.evaluation.figures.measured_run import (
    SERVER_FRAMES,
    WARM_UP_FRAMES,
    MeasuredRun,
    cut_in_chunks,
    read_pictures,
)
from slim_split_ros.evaluation.figures.resampling import Resampling
from slim_split_ros.networks.stored_weights import load_model
from slim_split_ros.training.data.coco_folder import CocoSplit
from slim_split_ros.wire.manifest import Manifest

VIDEO_CODECS = ('slim', 'h264_video', 'none')


def available_video_codecs() -> tuple[str, ...]:
    """Return the codecs that can be measured here."""
    missing = ('h264_video',) if why_no_video_encoding() else ()
    return tuple(name for name in VIDEO_CODECS if name not in missing)


def evaluate_video(manifest: Manifest, split: CocoSplit, codecs: tuple[str, ...],
                   dump: Path | None, progress: Progress) -> Evaluation:
    """
    Measure the detector and every setting of the codecs on the clips of a split.

    Settings take turns, a clip each; every clip begins with a new stream. Otherwise as
    `evaluate`. Raises EvaluationError for a data set of other classes or without times.
    """
    check_classes(manifest, split)
    if 'h264_video' in codecs and why_no_video_encoding():
        raise EvaluationError(f'h264_video cannot be measured: {why_no_video_encoding()}')
    clips = find_clips(split)
    cv2.setNumThreads(1)
    truth = load_ground_truth(split.annotation_file)
    pictures = Resampling.of_recordings(split.images)
    with TemporaryDirectory() as scratch:
        detector = PictureDetector(load_model(manifest.folder).detector,
                                   manifest.input_long_side, Path(scratch))
        measured = [StillVideoCodec(RawCodec(detector)), *_codecs(manifest, codecs, detector)]
        runs = [_ClipRun(codec, MeasuredRun(setting, split.category_ids))
                for codec in measured for setting in codec.settings]
        with ThreadPoolExecutor(SERVER_FRAMES) as pool:
            for clip, run in progress(list(product(clips, runs)), 'clips'):
                run.add(clip, pool)
        jpeg_ms = _yardstick_ms(PictureCodec(YARDSTICK.codec, detector), clips[0])
    if dump is not None:
        for run in runs:
            run.figures.dump(dump)
    undamaged, *points = (run.figures.point(truth, pictures) for run in runs)
    points += [undamaged] if 'none' in codecs else []
    return Evaluation(undamaged.accuracy, jpeg_ms, tuple(points), pictures)


def _codecs(manifest: Manifest, names: tuple[str, ...], detector: PictureDetector
            ) -> Iterator[VideoCodec]:
    if 'slim' in names:
        yield ModelCodec(manifest, slim_settings(manifest, alone_only=False))
    if 'h264_video' in names:
        yield H264VideoCodec(detector)


@dataclass(slots=True)
class _ClipRun:
    """Measure one setting of a codec on clip after clip."""

    codec: VideoCodec
    figures: MeasuredRun

    def add(self, clip: Clip, pool: Executor) -> None:
        """
        Measure a clip.

        Some frames are read, then encoded, then decoded in order, then detected, each step for
        itself, so that the robot's time is not disturbed by the others.
        """
        self._warm_up(clip)
        stream = self.codec.start(self.figures.setting)
        times_s = iter(clip.times_s)
        for images in cut_in_chunks(clip.images):
            sent = [stream.encode(picture) for picture in read_pictures(images)]
            received = [stream.receive(each) for each in sent]
            found = pool.map(stream.detect, received)
            for image, each, detections in zip(images, sent, found, strict=True):
                self.figures.add(image, each, detections, next(times_s))

    def _warm_up(self, clip: Clip) -> None:
        """Run a stream that is thrown away: the first frames of a session allocate."""
        stream: VideoStream = self.codec.start(self.figures.setting)
        for picture in read_pictures(clip.images[:WARM_UP_FRAMES]):
            stream.encode(picture)


def _yardstick_ms(jpeg: PictureCodec, clip: Clip) -> float:
    """Return JPEG's mean time on the first frames of a clip."""
    pictures = read_pictures(cut_in_chunks(clip.images)[0])
    times = [jpeg.encode(picture, YARDSTICK).encode_ms
             for picture in (*pictures[:WARM_UP_FRAMES], *pictures)]
    return float(np.mean(times[WARM_UP_FRAMES:]))
