"""
A data set of photographs whose objects are all one class: what detectors find, or their boxes.

Written as a COCO folder, so that all of training and evaluation can read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
import json
from pathlib import Path
import shutil

import numpy as np
from numpy.typing import NDArray

from slim_split_ros.detectors import Detections, OnnxDetector
from slim_split_ros.training.data.coco_folder import annotation_file
from slim_split_ros.training.data.pictures import read_picture
from slim_split_ros.training.errors import DataSetError

THING = 'thing'
TRAIN, KEPT_ASIDE = 'train', 'kept_aside'
BOXES_FILE = 'boxes.json'  # beside the folder of pictures: COCO's boxes of some of them
KEPT_STEP = 13  # every so many pictures, in order of names, no training sees: all groups have some
LEAST_SCORE = 0.15  # of a finding that another detector may confirm
LEAST_CONFIDENCE = 0.3  # of what is taken for a thing
SAME_THING = 0.5  # overlap (IoU) above which two findings are one thing, whatever their classes
# Of the picture: a box that is larger says nothing about which cells matter.
LARGEST_SHARE = 0.6
PICTURES = ('.jpg', '.jpeg', '.png')

Boxes = NDArray[np.float32]  # (n, 4): x, y, w, h in pixels
Progress = Callable[[Iterable, str], Iterable]


def write_things(pictures: Path, detectors: Sequence[OnnxDetector], folder: Path,
                 progress: Progress) -> None:
    """
    Write the pictures of a folder and their things as splits `train` and `kept_aside`.

    Boxes that `boxes.json` beside it gives are taken for all of a picture's. Raises DataSetError
    where there are too few pictures or one cannot be read.
    """
    paths = sorted(path for path in pictures.iterdir() if path.suffix.lower() in PICTURES)
    if len(paths) <= KEPT_STEP:
        raise DataSetError(
            f'{pictures} holds {len(paths)} pictures, more than {KEPT_STEP} are needed: give a '
            'folder of photographs')
    known = _read_boxes(pictures.parent / BOXES_FILE)
    splits = {KEPT_ASIDE: paths[::KEPT_STEP],
              TRAIN: [path for n, path in enumerate(paths) if n % KEPT_STEP]}
    for split, chosen in splits.items():
        (folder / 'images' / split).mkdir(parents=True)
        images, annotations = [], []
        for number, path in enumerate(progress(chosen, f'things in pictures, {split}'), start=1):
            picture = read_picture(path)
            shutil.copyfile(path, folder / 'images' / split / path.name)
            height, width = picture.shape[:2]
            boxes = known.get(path.name)
            if boxes is None:
                boxes = agreed_things([
                    detector.detect(picture, LEAST_SCORE) for detector in detectors])
            boxes = boxes[boxes[:, 2] * boxes[:, 3] <= LARGEST_SHARE * width * height]
            images.append(
                {'id': number, 'file_name': path.name, 'width': width, 'height': height})
            annotations += [
                {'id': len(annotations) + place, 'image_id': number, 'category_id': 1,
                 'bbox': [round(float(value), 2) for value in box], 'iscrowd': 0,
                 'area': round(float(box[2] * box[3]), 2)}
                for place, box in enumerate(boxes, start=1)]
        file = annotation_file(folder, split)
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({
            'images': images, 'annotations': annotations,
            'categories': [{'id': 1, 'name': THING}]}), 'utf-8')


def agreed_things(findings: Sequence[Detections]) -> Boxes:
    """
    Return the boxes of what one detector is sure of, or several together.

    Findings of different detectors that overlap make each other likelier, as if they erred
    independently; the box is that of the surest.
    """
    boxes = np.concatenate([found.boxes for found in findings])
    scores = np.concatenate([found.scores for found in findings])
    who = np.repeat(np.arange(len(findings)), [len(found) for found in findings])
    left = np.argsort(-scores, kind='stable')
    things = []
    while len(left):
        same = overlaps(boxes[left[0]], boxes[left]) >= SAME_THING
        same[0] = True
        doubts = [1.0 - scores[left[same & (who[left] == one)]].max(initial=0.0)
                  for one in range(len(findings))]
        if 1.0 - np.prod(doubts) >= LEAST_CONFIDENCE:
            things.append(boxes[left[0]])
        left = left[~same]
    return np.array(things, np.float32).reshape(-1, 4)


def overlaps(box: Boxes, others: Boxes) -> NDArray[np.float32]:
    """Return the intersection over union (n,) of one box (4,) with others (n, 4)."""
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[:2] + box[2:], others[:, :2] + others[:, 2:])
    common = np.clip(high - low, 0.0, None).prod(axis=1)
    return common / (box[2:].prod() + others[:, 2:].prod(axis=1) - common)


def _read_boxes(path: Path) -> dict[str, Boxes]:
    """Return the boxes of each picture that a COCO file names, none where there is no file."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text('utf-8'))
        names = {row['id']: row['file_name'] for row in content['images']}
        found: dict[str, list] = {name: [] for name in names.values()}
        for row in content['annotations']:
            found[names[row['image_id']]].append(row['bbox'])
        return {name: np.array(rows, np.float32).reshape(-1, 4) for name, rows in found.items()}
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise DataSetError(f'{path} is no COCO file of boxes ({error!r:.80}): mend or remove it'
                           ) from error
