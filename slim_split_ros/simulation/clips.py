"""
How do simulated halls become clips with truth? Writes a camera in motion as a COCO folder.

Pictures are stored without loss; each image also has its `sequence` (the seed) and `timestamp_s`.
"""

from collections.abc import Iterator, Sequence
import json
from pathlib import Path

import cv2

from .dataset import describe_boxes
from .errors import SettingsError
from .hall import CLASSES, Hall, SimFrame

_PNG_EFFORT = 1  # a fifth of the time for a tenth more bytes
TIME_DECIMALS = 6


def write_clips(
    folder: Path, split: str, seeds: Sequence[int], seconds: float = 8.0, fps: float = 10.0,
    width: int = 640, height: int = 480
) -> Path:
    """
    Write a clip of one hall for each seed and return the path of the annotations.

    The same arguments give the same bytes; about 0.1 s a picture on one core. Raises
    SettingsError where that gives no frame, or a seed is named twice.
    """
    count = int(seconds * fps)
    if count < 1 or not seeds:
        raise SettingsError(
            f'{len(seeds)} seeds, {seconds} s and {fps} frames/s give no frame: name a seed and '
            'at least one frame')
    if len(set(seeds)) < len(seeds):
        raise SettingsError(f'seeds are {list(seeds)}, each can be named once')
    pictures = Path(folder) / 'images' / split
    annotations = Path(folder) / 'annotations' / f'instances_{split}.json'
    for needed in (pictures, annotations.parent):
        needed.mkdir(parents=True, exist_ok=True)
    images: list[dict[str, object]] = []
    boxes: list[dict[str, object]] = []
    for seed, number, frame in _drive(seeds, count, fps, (width, height)):
        name = f'clip_{seed}_{number:05d}.png'
        cv2.imwrite(
            str(pictures / name), frame.image, [cv2.IMWRITE_PNG_COMPRESSION, _PNG_EFFORT])
        images.append({
            'id': len(images) + 1, 'file_name': name, 'width': width, 'height': height,
            'sequence': seed, 'timestamp_s': round(number / fps, TIME_DECIMALS)})
        boxes.extend(describe_boxes(frame, len(images), len(boxes) + 1))
    annotations.write_text(json.dumps({
        'info': {'description': f'simulated halls in motion, seeds {list(seeds)}'},
        'categories': [{'id': k + 1, 'name': name, 'supercategory': 'robocup'}
                       for k, name in enumerate(CLASSES)],
        'images': images,
        'annotations': boxes,
    }), 'utf-8')
    return annotations


def _drive(seeds: Sequence[int], count: int, fps: float, size: tuple[int, int]
           ) -> Iterator[tuple[int, int, SimFrame]]:
    """Yield seed, number and frame of each clip's frames, its camera and hall moving on."""
    for seed in seeds:
        hall = Hall(seed, *size)
        for number in range(count):
            hall.step(1.0 / fps)
            yield seed, number, hall.render()
