"""
How much of what a detector finds in undamaged frames it still finds behind a codec.

Its own boxes on the undamaged frames are the truth, and all classes are one: rare ones would
shout. The figure is COCO's AP at IoU 0.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from timeit import repeat
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from slim_split_ros.coders import why_no_video_encoding
from slim_split_ros.detectors import Detections, DetectorRunError, OnnxDetector
from slim_split_ros.evaluation.codecs.codec import MAX_DETECTIONS, Codec, Sent
from slim_split_ros.evaluation.codecs.h264_codec import H264Codec
from slim_split_ros.evaluation.codecs.image_codecs import QUALITIES, PictureCodec
from slim_split_ros.evaluation.codecs.model_codec import ModelCodec, slim_settings
from slim_split_ros.evaluation.codecs.picture_detector import DetectedPicture
from slim_split_ros.evaluation.figures.coco_metrics import SCORE_FLOOR, load_ground_truth
from slim_split_ros.evaluation.figures.measured_run import MeasuredRun
from slim_split_ros.evaluation.figures.points import MeasuredPoint, Setting
from slim_split_ros.evaluation.figures.resampling import Resampling
from slim_split_ros.offboard.server import NOTHING
from slim_split_ros.training.data.coco_folder import LabelledImage, load_split
from slim_split_ros.training.data.pictures import read_picture
from slim_split_ros.training.frames import Progress
from slim_split_ros.wire.manifest import Manifest

# Frames may be large: without these WebP has nothing to say of few bytes.
WEBP_SMALLER_SCALES = (1 / 4, 1 / 6)
# Of JPEG and H.264, whose best is far from ours, fewer scales and every second quality.
FEWER_SCALES = (1.0, 3 / 4, 1 / 2, 1 / 4)
JPEG_QUALITIES = (10, 20, 40, 60, 90)
H264_CRFS = (24, 28, 32, 36, 40, 43, 46)
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

    def as_json(self) -> dict[str, Any]:
        """Return the points, each with all that any codec is set by, and what they rest on."""
        points = [{'width': None, 'rate': None, 'quality': row.get('crf'), 'scale': None, **row}
                  for row in self.rows()]
        return {'frames': len(self.frames), 'boxes': self.boxes, 'points': points}


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
    """Return what is compared, each with its settings; H.264 where PyAV is there."""
    seen_by = OneClass(detector)
    jpeg = PictureCodec('jpeg', seen_by)
    jpeg.settings = [Setting('jpeg', quality=quality, scale=scale)
                     for scale in FEWER_SCALES for quality in JPEG_QUALITIES]
    webp = PictureCodec('webp', seen_by)
    webp.settings += [Setting('webp', quality=quality, scale=scale)
                      for scale in WEBP_SMALLER_SCALES for quality in QUALITIES]
    codecs = [ModelCodec(manifest, slim_settings(manifest, alone_only=False), detector),
              webp, jpeg]
    if not why_no_video_encoding():
        h264 = H264Codec(seen_by)
        h264.settings = [replace(setting, crf=crf, scale=scale) for setting in h264.settings[:1]
                         for scale in FEWER_SCALES for crf in H264_CRFS]
        codecs.append(h264)
    return codecs


def measure_agreement(
    codecs: Sequence[Codec], detector: OnnxDetector, frames: Path, split: str, progress: Progress,
    most_frames: int = MEASURED_FRAMES,
) -> Agreement:
    """
    Measure every setting of the codecs on frames that `write_pseudo_labels` wrote.

    Frames are in order of time. Of many, some are chosen, evenly, so that it ends. What leans on
    earlier frames is measured as one clip of these for each source, whose first frame, a key
    frame, is not counted.
    """
    cv2.setNumThreads(1)
    pictures = load_split(frames, split)
    runs = [_Run(codec, MeasuredRun(setting, pictures.category_ids))
            for codec in codecs for setting in codec.settings]
    images = _choose(pictures.images, detector, len(runs), most_frames)
    clips = [[image for image in images if image.recording == name]
             for name in dict.fromkeys(image.recording for image in images)]
    leaning = [image for clip in clips for image in clip[1:]]
    if not any(len(image.labels) for image in leaning):  # nothing to find but in key frames
        runs = [run for run in runs if not run.leans]
    for image in progress(images, f'measuring {len(runs)} settings'):
        picture = read_picture(image.path)
        for run in runs:
            run.add_still(image, picture)
    for run in progress(runs, 'measuring as video'):
        for clip in clips:
            run.add_clip(clip)
    truth = load_ground_truth(pictures.annotation_file)
    judged = {leans: _undrawn(of_kind) for leans, of_kind in ((True, leaning), (False, images))}
    return Agreement(
        tuple(run.figures.point(truth, judged[run.leans]) for run in runs), images,
        sum(len(image.labels) for image in images))


@dataclass(slots=True)
class _Run:
    """Measure one setting of a codec, frame by frame or as a clip."""

    codec: Codec
    figures: MeasuredRun

    @property
    def leans(self) -> bool:
        return self.figures.setting.alone is False

    def add_still(self, image: LabelledImage, picture: NDArray[np.uint8]) -> None:
        setting = self.figures.setting
        if self.leans:
            return
        if not self.figures.frames:
            # Not counted: the first run of a session allocates.
            self.codec.encode(picture, setting)
        sent = self.codec.encode(picture, setting)
        self.figures.add(image, sent, one_class(self.codec.detect(sent, setting)))

    def add_clip(self, images: Sequence[LabelledImage]) -> None:
        if not self.leans:
            return
        stream, key_frame = self.codec.start(self.figures.setting), len(self.figures.frames)
        for image in images:
            sent = stream.encode(read_picture(image.path))
            self.figures.add(image, sent, one_class(stream.detect(stream.receive(sent))))
        del self.figures.frames[key_frame]


def _undrawn(images: Sequence[LabelledImage]) -> Resampling:
    # An interval by sources would be of very few.
    return Resampling.of_recordings([replace(image, recording='') for image in images])


def _choose(
    images: tuple[LabelledImage, ...], detector: OnnxDetector, settings: int, most: int
) -> tuple[LabelledImage, ...]:
    """Return as many frames as there is time for, evenly."""
    picture = read_picture(images[0].path)
    # The quickest of some: what else the machine does now, it will not always do.
    detecting_s = min(repeat(lambda: OneClass(detector).detect(picture), number=1, repeat=4))
    affordable = int(DETECTING_SECONDS / (detecting_s * settings))
    count = min(len(images), max(LEAST_MEASURED_FRAMES, min(most, affordable)))
    chosen = evenly(images, count)
    if any(len(image.labels) for image in chosen):
        return chosen
    return evenly(tuple(image for image in images if len(image.labels)), count)


def evenly(images: tuple[LabelledImage, ...], count: int) -> tuple[LabelledImage, ...]:
    """Return so many images, or all there are, from the first to the last."""
    places = np.linspace(0, len(images) - 1, min(count, len(images))).round().astype(int)
    return tuple(images[place] for place in places)


def _row(point: MeasuredPoint) -> dict[str, Any]:
    named = point.to_dict()
    names = ('codec', 'coder', 'alone', 'width', 'rate', 'quality', 'crf', 'scale', 'bytes',
             'encode_ms', 'encode_ms_p95')
    return {**{name: named[name] for name in names if name in named},
            'agreement_ap50': named['ap50']}
