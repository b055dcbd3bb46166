"""
A data set without labels: what a detector finds in undamaged frames is taken for the truth.

Written as a COCO folder of one class, so that all of training and evaluation can read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import json
from pathlib import Path

import cv2
import numpy as np

from slim_split_ros.detectors import Detections, DetectorRunError, OnnxDetector
from slim_split_ros.training.data.coco_folder import annotation_file
from slim_split_ros.training.errors import DataSetError
from slim_split_ros.training.frames import Progress

THING = 'thing'
TRAIN, TRIED, KEPT_ASIDE = 'train', 'tried', 'kept_aside'
# Of each source the end is kept aside: frames in between would be near copies of others. Before it
# is what settings are tried on: on frames that it was trained with a map misses nothing.
KEPT_SHARE, TRIED_SHARE = 0.25, 0.15
LEAST_FRAMES = 8
# Things to learn from. One is enough to judge by, and the card says how many there were.
LEAST_BOXES = {TRAIN: 8, TRIED: 1, KEPT_ASIDE: 1}
# Share of frames on which a detector may fail before that is its fault and not theirs.
_MOST_FAILURES = 0.5
# Grey levels by which frames must differ on average, or they are one picture many times.
_LEAST_DIFFERENCE = 0.5
_FAINTEST = 0.001  # as much as COCO's evaluation asks for
# Less than a pixel is nothing to find again.
_LEAST_SIDE = 1.0


@dataclass(frozen=True, slots=True)
class Found:
    """Count the frames that were looked at, and the things in them."""

    frames: int
    things: int

    def sentence(self, chosen: int) -> str:
        """Say it, and on how many of the chosen frames the detector failed."""
        of_chosen = f' of {chosen}' if self.frames < chosen else ''
        return f'{self.frames}{of_chosen} frames with {self.things} things'


def split_in_time(sources: Sequence[Sequence[Path]]) -> dict[str, list[Path]]:
    """
    Return the frames to train on, to try settings on and those kept aside, the end of each source.

    Raises DataSetError where they are too few or all alike.
    """
    check_frames([file for frames in sources for file in frames])
    splits: dict[str, list[Path]] = {TRAIN: [], TRIED: [], KEPT_ASIDE: []}
    for frames in sources:
        kept, tried = (max(1, round(share * len(frames))) for share in (KEPT_SHARE, TRIED_SHARE))
        splits[TRAIN] += frames[:-kept - tried]
        splits[TRIED] += frames[-kept - tried:-kept]
        splits[KEPT_ASIDE] += frames[-kept:]
    if not splits[TRAIN]:
        raise DataSetError(
            f'no frame is left to learn from: of each of {len(sources)} source(s) the end is kept '
            'aside; give longer ones, or more --frames')
    return splits


def check_frames(files: Sequence[Path]) -> None:
    """Raise DataSetError where frames are too few or all alike."""
    if len(files) < LEAST_FRAMES:
        raise DataSetError(
            f'{len(files)} frame(s) are too few to learn or judge from, at least {LEAST_FRAMES} '
            'are needed: give a longer --source, or more --frames')
    first, *others = (_thumbnail(file) for file in files)
    if max(np.abs(other - first).mean() for other in others) < _LEAST_DIFFERENCE:
        raise DataSetError(
            f'all {len(files)} frames are alike: give a --source in which something happens')


def write_pseudo_labels(
    files: Sequence[Path], detector: OnnxDetector, threshold: float, folder: Path, split: str,
    progress: Progress,
) -> Found:
    """
    Move frames into a split and write what is found in them; those of a folder are one sequence.

    A frame on which the detector fails is left out. Raises DataSetError where it fails on most,
    or finds next to nothing, DetectorFileError where it has classes without a name.
    """
    pictures = folder / 'images' / split
    pictures.mkdir(parents=True)
    images, annotations, failures = [], [], []
    for number, file in enumerate(progress(files, f'looking at frames, {split}'), start=1):
        picture = cv2.imread(str(file))
        try:
            # All that it will be asked for: a faint class beyond the names is known now.
            found = detector.detect(picture, _FAINTEST).above(threshold)
        except DetectorRunError as error:
            failures.append(str(error))
            continue
        file.rename(pictures / f'{number:05d}.jpg')
        height, width = picture.shape[:2]
        images.append({
            'id': number, 'file_name': f'{number:05d}.jpg', 'width': width, 'height': height,
            'sequence': file.parent.name})
        annotations += _entries(found, number, len(annotations))
    if len(failures) > _MOST_FAILURES * len(files):
        raise DataSetError(f'{len(failures)} of {len(files)} frames: {failures[0]}')
    if len(annotations) < LEAST_BOXES[split]:
        raise DataSetError(
            f'the detector finds {len(annotations)} thing(s) in {len(images)} frames ({split}), '
            f'at least {LEAST_BOXES[split]} are needed: give other frames, lower --threshold, or '
            'see with `detect` how the detector is understood')
    file = annotation_file(folder, split)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({
        'images': images, 'annotations': annotations,
        'categories': [{'id': 1, 'name': THING}]}), 'utf-8')
    return Found(len(images), len(annotations))


def _thumbnail(file: Path) -> np.ndarray:
    return cv2.resize(
        cv2.imread(str(file)), (32, 32), interpolation=cv2.INTER_AREA).astype(float)


def _entries(found: Detections, image_id: int, before: int) -> list[dict]:
    boxes = found.boxes[(found.boxes[:, 2:] >= _LEAST_SIDE).all(axis=1)]
    return [
        {'id': before + place, 'image_id': image_id, 'category_id': 1, 'iscrowd': 0,
         'bbox': [round(float(value), 2) for value in box],
         'area': round(float(box[2] * box[3]), 2)}
        for place, box in enumerate(boxes, start=1)]
