"""
Which of the network's candidates are detections? Thresholded, without doubles, in image pixels.

The network gives candidates by falling score; nothing here depends on the runtime.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slim_split_ros.detectors.detections import Detections
from slim_split_ros.wire.geometry import FrameGeometry

# Boxes of one class that overlap more show the same thing.
NMS_IOU = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """
    Hold the network's output for one frame.

    `boxes` float32 (K, 4): x0, y0, x1, y1 in pixels of the network's input; `scores` float32
    (K,), falling; `labels` int64 (K,).
    """

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray


def select_detections(
    candidates: Candidates, geometry: FrameGeometry, score_threshold: float, max_detections: int
) -> Detections:
    """
    Keep the best candidate of each thing, at most `max_detections`, clipped to the image.

    A candidate that is not finite, or has nothing inside the image, is dropped.
    """
    boxes = _in_image(candidates.boxes, geometry)
    visible = np.all(boxes[:, 2:] > boxes[:, :2], axis=1)
    good = np.flatnonzero(visible & (candidates.scores >= score_threshold))
    boxes, labels = boxes[good], candidates.labels[good]
    chosen = np.flatnonzero(_keep_best(boxes, labels))[:max_detections]
    boxes = boxes[chosen]
    return Detections(
        np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1),
        candidates.scores[good[chosen]], labels[chosen])


def _in_image(boxes: np.ndarray, geometry: FrameGeometry) -> np.ndarray:
    """Return corners in pixels of the image; whatever is not finite becomes an empty box."""
    finite = np.where(np.isfinite(boxes).all(axis=1, keepdims=True), boxes, 0.0)
    size = np.array([geometry.image_width, geometry.image_height] * 2, np.float32)
    # Of whole pixels: the shorter side is not scaled by quite what the longer is.
    resized = np.array([geometry.resized_width, geometry.resized_height] * 2, np.float32)
    return np.clip(finite * (size / resized), 0.0, size).astype(np.float32)


def _keep_best(boxes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """
    Tell which boxes survive greedy suppression within their class; boxes come by falling score.

    Greedy: a box falls if a better one that survives overlaps it. That rule is applied to all
    boxes at once until nothing changes; what it settles on is the same, since a box depends on
    better ones alone; chains of overlaps are short, so 3 to 5 rounds replace a loop over boxes.
    """
    overlaps = (_pairwise_iou(boxes) > NMS_IOU) & (labels[:, None] == labels[None, :])
    better = np.tril(overlaps, -1)  # [i, j]: j is better than i and overlaps it
    kept = np.ones(len(boxes), bool)
    while True:
        updated = ~(better & kept).any(axis=1)
        if np.array_equal(updated, kept):
            return kept
        kept = updated


def _pairwise_iou(boxes: np.ndarray) -> np.ndarray:
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.clip(high - low, 0.0, None).prod(axis=2)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return shared / (areas[:, None] + areas[None, :] - shared)
