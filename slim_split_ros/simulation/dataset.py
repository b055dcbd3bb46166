"""
How do simulated pictures become training data? Writes them as a COCO folder.

The form is that of the real data: images/<split>/*.jpg and annotations/instances_<split>.json.
"""

import json
from pathlib import Path

import cv2
import numpy as np

from .errors import SettingsError
from .hall import CLASSES, Hall, SimFrame

_SEED_STEP = 1_000_003


def write_coco(
    folder: Path, split: str, count: int, seed: int, width: int = 640, height: int = 480,
    frames_per_hall: int = 3
) -> Path:
    """
    Write `count` pictures of many halls and return the path of their annotations.

    The same arguments give the same bytes; about 0.1 s a picture on one core. Existing pictures
    of the same names are overwritten. Raises SettingsError for counts below 1.
    """
    for name, value in (('count', count), ('frames_per_hall', frames_per_hall)):
        if value < 1:
            raise SettingsError(f'{name} is {value}, it must be at least 1')
    folder = Path(folder)
    pictures = folder / 'images' / split
    pictures.mkdir(parents=True, exist_ok=True)
    annotations = folder / 'annotations' / f'instances_{split}.json'
    annotations.parent.mkdir(parents=True, exist_ok=True)
    images: list[dict[str, object]] = []
    boxes: list[dict[str, object]] = []
    for number in range(count):
        hall_number, frame_number = divmod(number, frames_per_hall)
        rng = np.random.default_rng([seed, number])
        if frame_number == 0:
            hall = Hall(seed * _SEED_STEP + hall_number, width, height)
        hall.step(float(rng.uniform(0.5, 8.0)))
        frame = hall.render()
        name = f'sim_{seed}_{hall_number:05d}_{frame_number}.jpg'
        quality = int(rng.integers(70, 95))
        cv2.imwrite(str(pictures / name), frame.image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        images.append({'id': number + 1, 'file_name': name, 'width': width, 'height': height})
        boxes.extend(describe_boxes(frame, number + 1, len(boxes) + 1))
    annotations.write_text(json.dumps({
        'info': {'description': f'simulated hall, seed {seed}', 'version': '1.0'},
        'categories': [{'id': k + 1, 'name': name, 'supercategory': 'robocup'}
                       for k, name in enumerate(CLASSES)],
        'images': images,
        'annotations': boxes,
    }))
    return annotations


def describe_boxes(frame: SimFrame, image_id: int, first_id: int) -> list[dict[str, object]]:
    """Return a frame's truth as COCO annotations, numbered from `first_id`."""
    return [
        {
            'id': first_id + k, 'image_id': image_id, 'category_id': int(label) + 1,
            'bbox': [float(v) for v in box], 'area': float(box[2] * box[3]), 'iscrowd': 0,
        }
        for k, (box, label) in enumerate(zip(frame.boxes, frame.labels, strict=True))
    ]
