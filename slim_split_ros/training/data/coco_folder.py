"""
What is in a COCO-style folder, and is it fit for training?

`images/<split>/` and `annotations/instances_<split>.json`. Faults are collected, all of them,
before anything is trained: finding one an hour later costs the hour.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from slim_split_ros.training.errors import DataSetError

SHOWN_FAULTS = 20


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One picture of a split with its boxes."""

    image_id: int
    path: Path
    width: int
    height: int
    boxes: NDArray[np.float32]  # (n, 4): x, y, w, h in pixels, clipped to the picture
    labels: NDArray[np.int64]  # (n,): index into the classes


@dataclass(frozen=True, slots=True)
class CocoSplit:
    """All pictures of a split, and the classes in the order of their category ids."""

    annotation_file: Path
    classes: tuple[str, ...]
    category_ids: tuple[int, ...]
    images: tuple[LabelledImage, ...]
    remarks: tuple[str, ...]  # what is odd but can be trained on


def load_split(folder: Path, split: str, *, decode: bool = False) -> CocoSplit:
    """
    Read and check a split; `decode` also opens every picture (some ms each).

    Raises DataSetError that lists every fault with its file.
    """
    annotation_file = folder / 'annotations' / f'instances_{split}.json'
    data = _read_json(annotation_file)
    faults: list[str] = []
    remarks: list[str] = []
    categories = sorted(data['categories'], key=lambda category: category['id'])
    category_ids = tuple(category['id'] for category in categories)
    faults += _duplicates('category id', category_ids)
    faults += _duplicates('image id', [image['id'] for image in data['images']])
    faults += _duplicates('annotation id', [item['id'] for item in data['annotations']])
    by_image = _group_annotations(data, category_ids, faults)
    images = tuple(
        _labelled_image(folder / 'images' / split, entry, by_image.get(entry['id'], []),
                        category_ids, faults, remarks)
        for entry in data['images'])
    if decode:
        faults += _undecodable(images)
    counts = Counter(label for image in images for label in image.labels.tolist())
    for index, category in enumerate(categories):
        if not counts[index]:
            remarks.append(f'class {category["name"]!r} has no box in {annotation_file}')
    if not images:
        faults.append(f'{annotation_file}: no images')
    if faults:
        raise DataSetError(_list_faults(annotation_file, faults))
    return CocoSplit(annotation_file, tuple(str(category['name']) for category in categories),
                     category_ids, images, tuple(remarks))


def _read_json(path: Path) -> dict[str, list[dict]]:
    if not path.is_file():
        raise DataSetError(
            f'{path} is missing: a data set has images/<split>/ and '
            'annotations/instances_<split>.json')
    try:
        data = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise DataSetError(f'{path} is no JSON: {error}') from error
    for key in ('images', 'annotations', 'categories'):
        if not isinstance(data, dict) or not isinstance(data.get(key), list):
            raise DataSetError(f'{path}: no list {key!r}; is this COCO detection format?')
    return data


def _duplicates(what: str, values: list[int] | tuple[int, ...]) -> list[str]:
    return [f'{what} {value} is used {count} times'
            for value, count in Counter(values).items() if count > 1]


def _group_annotations(data: dict[str, list[dict]], category_ids: tuple[int, ...],
                       faults: list[str]) -> dict[int, list[dict]]:
    known = {image['id'] for image in data['images']}
    grouped: dict[int, list[dict]] = {}
    for item in data['annotations']:
        if item['image_id'] not in known:
            faults.append(f'annotation {item["id"]}: image_id {item["image_id"]} is not listed')
        elif item['category_id'] not in category_ids:
            faults.append(f'annotation {item["id"]}: unknown category_id {item["category_id"]}')
        elif not item.get('iscrowd', 0):
            grouped.setdefault(item['image_id'], []).append(item)
    return grouped


def _labelled_image(folder: Path, entry: dict, items: list[dict], category_ids: tuple[int, ...],
                    faults: list[str], remarks: list[str]) -> LabelledImage:
    path = folder / entry['file_name']
    if not path.is_file():
        faults.append(f'{path}: missing')
    width, height = int(entry['width']), int(entry['height'])
    boxes, labels = [], []
    for item in items:
        x, y, w, h = (float(value) for value in item['bbox'])
        x0, y0 = max(x, 0.0), max(y, 0.0)
        x1, y1 = min(x + w, float(width)), min(y + h, float(height))
        if x1 <= x0 or y1 <= y0:
            faults.append(f'{path}: box {item["bbox"]} of annotation {item["id"]} is empty or '
                          f'outside the picture of {width} x {height}')
            continue
        if max(x0 - x, y0 - y, x + w - x1, y + h - y1) > 1.0:
            remarks.append(f'{path}: box {item["bbox"]} of annotation {item["id"]} was clipped')
        boxes.append((x0, y0, x1 - x0, y1 - y0))
        labels.append(category_ids.index(item['category_id']))
    return LabelledImage(
        int(entry['id']), path, width, height,
        np.array(boxes, np.float32).reshape(-1, 4), np.array(labels, np.int64))


def _undecodable(images: tuple[LabelledImage, ...]) -> list[str]:
    faults = []
    for image in images:
        if not image.path.is_file():
            continue
        data = image.path.read_bytes()
        if data[:2] == b'\xff\xd8' and b'\xff\xd9' not in data[-64:]:
            faults.append(f'{image.path}: truncated JPEG (no end marker)')
            continue
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        if pixels is None:
            faults.append(f'{image.path}: not a picture that OpenCV reads')
        elif pixels.shape[:2] != (image.height, image.width):
            faults.append(f'{image.path}: is {pixels.shape[1]} x {pixels.shape[0]}, but the '
                          f'annotations say {image.width} x {image.height}')
    return faults


def _list_faults(path: Path, faults: list[str]) -> str:
    lines = [f'{path}: {len(faults)} fault(s); mend or remove them, then start again']
    lines += [f'  {fault}' for fault in faults[:SHOWN_FAULTS]]
    if len(faults) > SHOWN_FAULTS:
        lines.append(f'  ... and {len(faults) - SHOWN_FAULTS} more')
    return '\n'.join(lines)
