"""
A COCO-style folder, `images/<split>/` and `annotations/instances_<split>.json`, as pictures.

Faults are collected, all of them, before anything is trained: finding one an hour later costs
the hour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
import os
from pathlib import Path
import re

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from slim_split_ros.training.data.coco_fields import BoxEntry, ImageEntry, read_entries
from slim_split_ros.training.data.findings import Findings
from slim_split_ros.training.data.pictures import read_picture
from slim_split_ros.training.errors import DataSetError
from slim_split_ros.wire.picture_header import PictureSize

# 20240717_r6_cam0_101530.jpg: day and robot, whatever its camera and the time.
RECORDED = re.compile(r'\d{8}_[^_]+(?=_)')
CLIPPED = 1.0  # pixels that a box may reach out of its picture without a remark


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One picture of a split with its boxes."""

    image_id: int
    path: Path
    width: int
    height: int
    boxes: NDArray[np.float32]  # (n, 4): x, y, w, h in pixels, clipped to the picture
    labels: NDArray[np.int64]  # (n,): index into the classes
    recording: str = ''  # '' where nothing tells
    timestamp_s: float | None = None


@dataclass(frozen=True, slots=True)
class CocoSplit:
    """The pictures of a split without a fault, the classes by category id, and what was found."""

    annotation_file: Path
    classes: tuple[str, ...]
    category_ids: tuple[int, ...]
    images: tuple[LabelledImage, ...]
    faults: Findings
    remarks: Findings  # what is odd but can be trained on

    @property
    def class_counts(self) -> dict[str, int]:
        """Return the number of boxes of each class."""
        counts = Counter(label for image in self.images for label in image.labels.tolist())
        return {name: counts[index] for index, name in enumerate(self.classes)}


def annotation_file(folder: Path, split: str) -> Path:
    """Return where the boxes of a split stand."""
    return folder / 'annotations' / f'instances_{split}.json'


def load_split(folder: Path, split: str) -> CocoSplit:
    """
    Read a split without opening its pictures.

    Raises DataSetError with the first fault, and how to see all.
    """
    read = _read_split(folder, split, _require_file)
    if read.faults:
        raise DataSetError(
            f'{read.annotation_file}: {len(read.faults)} fault(s), the first: '
            f'{read.faults.lines()[0]}; see all with: python -m slim_split_ros train --check '
            f'--data {folder} --split {split}')
    return read


def check_split(folder: Path, split: str) -> CocoSplit:
    """Read a split and every picture of it, some ms each; it may have faults."""
    return _read_split(folder, split, _decoded_size)


def _read_split(folder: Path, split: str, look: Callable[[Path], PictureSize | None]
                ) -> CocoSplit:
    """Read fields and boxes; `look` at each picture, which may raise DataSetError."""
    faults, remarks = Findings(), Findings()
    entries = read_entries(annotation_file(folder, split), faults)
    pictures = _picture_folder(folder / 'images', split)
    _look_at_pictures(entries.images, pictures, look, faults)
    boxes: dict[int, list[BoxEntry]] = {entry.image_id: [] for entry in entries.images
                                        if entry.image_id is not None}
    index = {category.category_id: place for place, category in enumerate(entries.categories)}
    for entry in entries.boxes:
        if entry.image_id not in boxes:
            faults.add('image_id', f'{entry.name}: image_id {entry.image_id} is not listed')
        elif entry.category_id not in index:
            faults.add('category_id',
                       f'{entry.name}: category_id {entry.category_id} is not listed')
        else:
            boxes[entry.image_id].append(entry)
    images = tuple(
        _labelled_image(entry, pictures, boxes[entry.image_id], index, faults, remarks)
        for entry in entries.images if entry.is_complete)
    read = CocoSplit(
        annotation_file(folder, split), tuple(category.name for category in entries.categories),
        tuple(index), images, faults, remarks)
    for name, count in read.class_counts.items():
        if not count and not faults:
            remarks.add('class', f'class {name!r} has no box')
    return read


def _picture_folder(images: Path, split: str) -> Path:
    """Return the split's own folder, or the one of all where pictures lie only there."""
    own = images / split
    return own if own.is_dir() or not any(images.glob('*.*')) else images


def _look_at_pictures(entries: tuple[ImageEntry, ...], folder: Path,
                      look: Callable[[Path], PictureSize | None], faults: Findings) -> None:
    """Add what is wrong with the files; decoding leaves Python's lock, so threads share it."""
    named = [entry for entry in entries if entry.file_name is not None]

    def fault_of(entry: ImageEntry) -> tuple[str, str] | None:
        try:
            size = look(folder / str(entry.file_name))
        except DataSetError as error:
            return type(error.__cause__).__name__, str(error)
        if size is None or None in (entry.width, entry.height) or (
                size.width, size.height) == (entry.width, entry.height):
            return None
        return 'size', (f'{folder / str(entry.file_name)}: is {size.width} x {size.height}, but '
                        f'the annotations say {entry.width} x {entry.height}')

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for fault in tqdm(pool.map(fault_of, named), 'pictures checked', len(named), delay=2.0,
                          leave=False, disable=None):
            if fault is not None:
                faults.add(*fault)


def _labelled_image(entry: ImageEntry, folder: Path, items: list[BoxEntry],
                    index: dict[int, int], faults: Findings, remarks: Findings) -> LabelledImage:
    boxes, labels = [], []
    for item in items:
        x, y, w, h = item.box
        x0, y0 = max(x, 0.0), max(y, 0.0)
        x1, y1 = min(x + w, float(entry.width)), min(y + h, float(entry.height))
        said = f'{item.name} on {entry.name}: box {list(item.box)}'
        if min(w, h) == 0:
            remarks.add('area', f'{said} is without area and is left out')
            continue
        if x1 <= x0 or y1 <= y0:
            faults.add('outside', f'{said} is outside the picture of {entry.width} x '
                                  f'{entry.height}')
            continue
        if max(x0 - x, y0 - y, x + w - x1, y + h - y1) > CLIPPED:
            remarks.add('clipped', f'{said} reaches out of the picture and is clipped')
        boxes.append((x0, y0, x1 - x0, y1 - y0))
        labels.append(index[item.category_id])
    return LabelledImage(
        entry.image_id, folder / entry.file_name, entry.width, entry.height,
        np.array(boxes, np.float32).reshape(-1, 4), np.array(labels, np.int64),
        _recording(entry), entry.timestamp_s)


def _recording(entry: ImageEntry) -> str:
    """Return the sequence, or the day and robot that the file's name begins with."""
    if entry.sequence is not None:
        return str(entry.sequence)
    named = RECORDED.match(Path(entry.file_name).name)
    return named.group() if named else ''


def _require_file(path: Path) -> None:
    if not os.path.isfile(path):  # unlike pathlib it lets names pass that are too long
        raise DataSetError(f'{path}: missing')


def _decoded_size(path: Path) -> PictureSize:
    height, width = read_picture(path).shape[:2]
    return PictureSize(width, height)
