"""A data set that can be learnt from: coloured squares and discs on noise, in COCO's form."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

CLASSES = ('square', 'disc')


def write_drawn_data(
    folder: Path, split: str, count: int, seed: int = 0, size: tuple[int, int] = (128, 96)
) -> None:
    """Write `count` pictures, width and height in turn swapped; every fifth has no box."""
    rng = np.random.default_rng(seed)
    (folder / 'images' / split).mkdir(parents=True)
    (folder / 'annotations').mkdir(exist_ok=True)
    images, annotations = [], []
    for number in range(count):
        width, height = size if number % 2 else size[::-1]
        picture = rng.integers(0, 80, (height, width, 3)).astype(np.uint8)
        for _ in range(0 if number % 5 == 4 else int(rng.integers(1, 4))):
            label, side = int(rng.integers(2)), int(rng.integers(16, 40))
            x, y = int(rng.integers(width - side)), int(rng.integers(height - side))
            if label == 0:
                cv2.rectangle(picture, (x, y), (x + side - 1, y + side - 1), (0, 0, 255), -1)
            else:
                center = (x + side // 2, y + side // 2)
                cv2.circle(picture, center, side // 2, (0, 255, 255), -1)
            annotations.append({
                'id': len(annotations) + 1, 'image_id': number + 1, 'category_id': label + 1,
                'bbox': [x, y, side, side], 'area': side * side, 'iscrowd': 0})
        name = f'{number:03d}.jpg'
        cv2.imwrite(str(folder / 'images' / split / name), picture)
        images.append({'id': number + 1, 'file_name': name, 'width': width, 'height': height})
    write_annotations(folder, split, images, annotations)


def write_annotations(folder: Path, split: str, images: list, annotations: list) -> None:
    """Write an annotation file for the two classes."""
    categories = [{'id': index + 1, 'name': name} for index, name in enumerate(CLASSES)]
    (folder / 'annotations' / f'instances_{split}.json').write_text(json.dumps(
        {'images': images, 'annotations': annotations, 'categories': categories}))


def read_annotations(folder: Path, split: str) -> dict:
    """Read an annotation file, to break it on purpose."""
    return json.loads((folder / 'annotations' / f'instances_{split}.json').read_text())
