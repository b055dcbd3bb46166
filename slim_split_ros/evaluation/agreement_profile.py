"""
What the points of a model give without labels: what its own detector still finds.

Pictures tell of frames that stand alone, clips of those that lean on the frame before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import cv2

from slim_split_ros.detectors import OnnxDetector, load_detector
from slim_split_ros.evaluation.agreement import measure_agreement, one_class
from slim_split_ros.evaluation.codecs.model_codec import ModelCodec, slim_settings
from slim_split_ros.evaluation.errors import EvaluationError
from slim_split_ros.evaluation.figures.coco_metrics import load_ground_truth
from slim_split_ros.evaluation.figures.measured_run import MeasuredRun
from slim_split_ros.evaluation.figures.points import MeasuredPoint, Setting
from slim_split_ros.evaluation.figures.resampling import Resampling
from slim_split_ros.evaluation.profile import ProfileTable
from slim_split_ros.evaluation.profile_data import linked_rows, to_table
from slim_split_ros.onboard.encoder import VIDEO
from slim_split_ros.training.data.coco_folder import LabelledImage, load_split
from slim_split_ros.training.data.pictures import read_picture
from slim_split_ros.training.frames import Progress, write_frame
from slim_split_ros.training.pseudo_labels import KEPT_ASIDE, write_pseudo_labels
from slim_split_ros.wire.manifest import Manifest

THRESHOLD = 0.4  # what is found with less is no truth
CLIP_FPS = 10.0  # as a robot sends
_MOST_FPS = 240.0  # what says more does not know
CLIP_FRAMES = 20
MOST_CLIPS = 6  # of a video, evenly, where it is long enough: a few seconds tell of one scene


def own_detector(manifest: Manifest) -> OnnxDetector:
    """Load the detector of pictures that a model carries; EvaluationError where it has none."""
    if manifest.detector is None:
        raise EvaluationError(
            f'the model in {manifest.folder} has no detector of pictures: give labelled '
            'pictures with --data')
    return load_detector(manifest.checked_detector(), threads=1)


def profile_agreement(manifest: Manifest, frames: Sequence[Path], clips: Sequence[Path],
                      folder: Path, progress: Progress) -> ProfileTable:
    """
    Measure every coder, width and rate on frames, and on clips what leans on the frame before.

    Both are moved into `folder`, which is not needed afterwards. Raises as below.
    """
    fingerprint = f'{manifest.fingerprint:016x}'
    stills = profile_pictures(manifest, frames, folder / 'pictures', progress)
    table = to_table(stills, fingerprint)
    if not clips:
        return table
    moving = profile_clips(manifest, clips, folder / 'moving', progress)
    linked = linked_rows(table.points, [point.to_dict() for point in moving])
    return ProfileTable(fingerprint, (*table.points, *linked), ())


def profile_pictures(manifest: Manifest, frames: Sequence[Path], folder: Path, progress: Progress
                     ) -> tuple[MeasuredPoint, ...]:
    """
    Measure every point whose frames are alone on pictures, which are moved into `folder`.

    Raises DataSetError where the detector finds nothing in them.
    """
    detector = own_detector(manifest)
    write_pseudo_labels(frames, detector, THRESHOLD, folder, KEPT_ASIDE, progress)
    codec = ModelCodec(manifest, slim_settings(manifest), detector)
    return measure_agreement(
        [codec], detector, folder, KEPT_ASIDE, progress, len(frames)).points


def profile_clips(manifest: Manifest, clips: Sequence[Path], folder: Path, progress: Progress
                  ) -> tuple[MeasuredPoint, ...]:
    """
    Measure every point of video, alone and not, on what `keep_clips` wrote, moved into `folder`.

    Raises DataSetError as above.
    """
    cv2.setNumThreads(1)
    detector = own_detector(manifest)
    write_pseudo_labels(clips, detector, THRESHOLD, folder, KEPT_ASIDE, progress)
    split = load_split(folder, KEPT_ASIDE)
    images = sorted(
        (replace(image, recording=f'clip {(image.image_id - 1) // CLIP_FRAMES}',
                 timestamp_s=(image.image_id - 1) % CLIP_FRAMES / CLIP_FPS)
         for image in split.images), key=lambda image: image.image_id)
    settings = [setting for setting in slim_settings(manifest, alone_only=False)
                if setting.coder == VIDEO]
    codec = ModelCodec(manifest, settings, detector)
    runs = [MeasuredRun(setting, split.category_ids) for setting in settings]
    for clip, run in progress(list(product(_clips(images), runs)), 'clips'):
        _measure_clip(codec, run.setting, clip, run)
    truth = load_ground_truth(split.annotation_file)
    judged = Resampling.of_recordings(images)
    return tuple(run.point(truth, judged) for run in runs)


def _measure_clip(codec: ModelCodec, setting: Setting, clip: list[LabelledImage],
                  run: MeasuredRun) -> None:
    stream = codec.start(setting)
    for image in clip:
        sent = stream.encode(read_picture(image.path))
        found = stream.detect(stream.receive(sent))
        run.add(image, sent, one_class(found), image.timestamp_s)


def _clips(images: Sequence[LabelledImage]) -> Iterator[list[LabelledImage]]:
    for name in dict.fromkeys(image.recording for image in images):
        yield [image for image in images if image.recording == name]


def _open(video: Path) -> cv2.VideoCapture:
    # Of a name with a colon FFmpeg takes what is before it for a protocol.
    capture = cv2.VideoCapture(str(video.absolute()))
    if not capture.isOpened():
        raise EvaluationError(f'{video} cannot be opened as a video: name a video file')
    return capture


def keep_clips(video: Path, folder: Path) -> list[Path]:
    """
    Write the frames of a video's clips, one after the other, at CLIP_FPS; return their files.

    Raises EvaluationError for what is no video, or too short for one clip.
    """
    folder.mkdir(parents=True)
    capture = _open(video)
    rate = capture.get(cv2.CAP_PROP_FPS)
    if not CLIP_FPS <= rate <= _MOST_FPS:
        raise EvaluationError(
            f'{video} says it has {rate:g} frames a second, {CLIP_FPS:g} to {_MOST_FPS:g} are '
            'needed for a clip of what a robot sends: give another video')
    places = [round(frame * rate / CLIP_FPS) for frame in range(CLIP_FRAMES)]
    length = places[-1] + 1
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    clips = min(MOST_CLIPS, max(1, count // length))
    gap = max(0, count - clips * length) // (clips + 1)
    wanted = {gap + clip * (length + gap) + place for clip in range(clips) for place in places}
    files: list[Path] = []
    for number in range(max(wanted) + 1):
        is_there, frame = capture.read()
        if not is_there:
            raise EvaluationError(
                f'{video} gives {number} frames, {max(wanted) + 1} are needed for {clips} clip(s) '
                f'of {CLIP_FRAMES} at {CLIP_FPS:g} a second: give a longer video')
        if number in wanted:
            files.append(write_frame(folder / f'{number:06d}.jpg', frame))
    return files
