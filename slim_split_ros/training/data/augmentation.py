"""
Variations of a labelled picture before training sees it.

Geometry first (scale, place, flip, mosaic), then what cameras and codecs do (colour, exposure,
blur, noise, JPEG and WebP). All randomness comes from the generator passed in.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

PAD_GREY = 114
AREA_BELOW_SCALE = 0.5  # linear interpolation would skip pixels; the robot's letterbox does so too
SCALE_RANGE = (0.6, 1.7)  # of the scale at which the picture just fits
MOSAIC_SCALE_RANGE = (0.8, 2.0)  # of the scale at which it fits a quarter
MIN_VISIBLE = 0.3  # share of a box that must stay inside, else it goes
MIN_SIDE = 2.0  # pixels


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture uint8 (H, W, 3), BGR, with boxes (n, 4) as x0, y0, x1, y1 and labels (n,)."""

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]


def fit(sample: Sample, height: int, width: int) -> Sample:
    """Letterbox without variation: scaled to fit as on the robot, top left, grey elsewhere."""
    full_height, full_width = sample.image.shape[:2]
    scale = min(width / full_width, height / full_height)
    size = max(1, round(full_width * scale)), max(1, round(full_height * scale))
    image = np.full((height, width, 3), PAD_GREY, np.uint8)
    image[:size[1], :size[0]] = cv2.resize(
        sample.image, size,
        interpolation=cv2.INTER_AREA if scale < AREA_BELOW_SCALE else cv2.INTER_LINEAR)
    return _clip(image, (sample.boxes * scale).astype(np.float32), sample.labels)


def vary(sample: Sample, height: int, width: int, rng: np.random.Generator, zoom: float = 1.0
         ) -> Sample:
    """Scale and shift one picture into (height, width), then flip, colour and degrade it."""
    scales = SCALE_RANGE[0] * zoom, SCALE_RANGE[1] * zoom
    return _finish(_random_place(sample, height, width, scales, rng), rng)


def mosaic(samples: list[Sample], height: int, width: int, rng: np.random.Generator) -> Sample:
    """Join four pictures around a random point. Source: YOLOv4, arXiv 2004.10934, section 3.3."""
    split_x = int(width * rng.uniform(0.3, 0.7))
    split_y = int(height * rng.uniform(0.3, 0.7))
    image = np.empty((height, width, 3), np.uint8)
    boxes, labels = [], []
    regions = [(0, 0, split_x, split_y), (split_x, 0, width, split_y),
               (0, split_y, split_x, height), (split_x, split_y, width, height)]
    for sample, (x0, y0, x1, y1) in zip(samples, regions, strict=True):
        part = _random_place(sample, y1 - y0, x1 - x0, MOSAIC_SCALE_RANGE, rng)
        image[y0:y1, x0:x1] = part.image
        boxes.append(part.boxes + np.array([x0, y0, x0, y0], np.float32))
        labels.append(part.labels)
    return _finish(Sample(image, np.concatenate(boxes), np.concatenate(labels)), rng)


def _random_place(sample: Sample, height: int, width: int, scales: tuple[float, float],
                  rng: np.random.Generator) -> Sample:
    full_height, full_width = sample.image.shape[:2]
    fitting = min(width / full_width, height / full_height)
    scale = fitting * float(np.exp(rng.uniform(*np.log(scales))))
    free_x, free_y = width - full_width * scale, height - full_height * scale
    return _place(sample, height, width, scale, free_x * rng.random(), free_y * rng.random())


def _place(sample: Sample, height: int, width: int, scale: float, x: float, y: float) -> Sample:
    matrix = np.array([[scale, 0.0, x], [0.0, scale, y]])
    source = sample.image
    while matrix[0, 0] < AREA_BELOW_SCALE and min(source.shape[:2]) > 1:
        height_before, width_before = source.shape[:2]
        source = cv2.resize(source, (max(1, width_before // 2), max(1, height_before // 2)),
                            interpolation=cv2.INTER_AREA)
        matrix[0, 0] *= width_before / source.shape[1]
        matrix[1, 1] *= height_before / source.shape[0]
    # OpenCV counts from the middle of a pixel, boxes from its edge.
    matrix[:, 2] += 0.5 * matrix.diagonal() - 0.5
    image = cv2.warpAffine(source, matrix, (width, height), flags=cv2.INTER_LINEAR,
                           borderMode=cv2.BORDER_CONSTANT, borderValue=(PAD_GREY,) * 3)
    moved = sample.boxes * scale + np.array([x, y, x, y], np.float32)
    return _clip(image, moved.astype(np.float32), sample.labels)


def _clip(image: NDArray[np.uint8], boxes: NDArray[np.float32], labels: NDArray[np.int64]
          ) -> Sample:
    height, width = image.shape[:2]
    limits = np.array([width, height, width, height], np.float32)
    clipped = np.clip(boxes, 0.0, limits)
    sides, full = clipped[:, 2:] - clipped[:, :2], boxes[:, 2:] - boxes[:, :2]
    kept = (sides.min(axis=1, initial=np.inf) >= MIN_SIDE) & (
        sides.prod(axis=1) >= MIN_VISIBLE * full.prod(axis=1))
    return Sample(image, clipped[kept], labels[kept])


def _finish(sample: Sample, rng: np.random.Generator) -> Sample:
    image, boxes = sample.image, sample.boxes
    if rng.random() < 0.5:
        image = image[:, ::-1]
        boxes = boxes.copy()
        boxes[:, [0, 2]] = image.shape[1] - boxes[:, [2, 0]]
    return Sample(degrade(np.ascontiguousarray(image), rng), boxes, sample.labels)


def degrade(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Vary colour, exposure, sharpness, noise and compression of uint8 (H, W, 3), BGR."""
    if rng.random() < 0.5:
        image = _shift_hue(image, rng)
    image = cv2.LUT(image, _tone_curves(rng))
    if rng.random() < 0.1:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.5))
    if rng.random() < 0.25:
        noise = np.empty(image.shape, np.int16)
        cv2.randn(noise, 0, rng.uniform(2.0, 12.0))
        image = cv2.add(image, noise, dtype=cv2.CV_8U)
    if rng.random() < 0.2:
        image = _compress(image, rng)
    return image


def _tone_curves(rng: np.random.Generator) -> NDArray[np.uint8]:
    levels = np.linspace(0.0, 1.0, 256)[:, None] ** np.exp(rng.normal(0.0, 0.25))
    gains = np.exp(rng.normal(0.0, 0.2) + rng.normal(0.0, 0.06, 3))
    curves = levels * gains * 255.0 + rng.normal(0.0, 8.0)
    return np.clip(curves, 0, 255).astype(np.uint8)[:, None, :]


def _shift_hue(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    hues = ((np.arange(256) + rng.integers(-6, 7)) % 180).astype(np.uint8)
    saturations = np.clip(np.arange(256) * rng.uniform(0.4, 1.5), 0, 255).astype(np.uint8)
    curves = np.stack([hues, saturations, np.arange(256, dtype=np.uint8)], axis=1)
    return cv2.cvtColor(cv2.LUT(hsv, curves[:, None, :]), cv2.COLOR_HSV2BGR)


def _compress(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    if rng.random() < 0.8:
        extension, flag = '.jpg', cv2.IMWRITE_JPEG_QUALITY
    else:
        extension, flag = '.webp', cv2.IMWRITE_WEBP_QUALITY
    quality = int(rng.integers(10, 80))
    return cv2.imdecode(cv2.imencode(extension, image, [flag, quality])[1], cv2.IMREAD_COLOR)
