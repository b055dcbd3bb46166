"""
How many detections of one picture are right, and how many objects they found.

It counts for a fixed score threshold; average precision over all thresholds is
`coco_metrics.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class NamedBoxes:
    """Hold the boxes (n, 4) of one picture as x, y, w, h in pixels, with classes and scores."""

    boxes: NDArray[np.float64]
    names: tuple[str, ...]
    scores: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.boxes) == len(self.names) == len(self.scores):
            raise ValueError(
                f'{len(self.boxes)} boxes, {len(self.names)} names and {len(self.scores)} scores: '
                'each box needs one of both')


@dataclass(frozen=True, slots=True)
class MatchCount:
    """Hold detections that are right, all detections, and all objects of one picture."""

    matched: int
    detections: int
    objects: int


def count_matches(found: NamedBoxes, truth: NamedBoxes, least_iou: float) -> MatchCount:
    """
    Give each detection, best score first, the free object of its class that it covers best.

    Source: PASCAL VOC's rule, which COCO's evaluation also follows at one IoU threshold.

    >>> ball = NamedBoxes(np.array([[10.0, 10.0, 20.0, 20.0]]), ('ball',), (1.0,))
    >>> corners = np.array([[11.0, 10.0, 20.0, 20.0], [9.0, 10.0, 20.0, 20.0]])
    >>> twice = NamedBoxes(corners, ('ball', 'ball'), (0.9, 0.4))
    >>> count_matches(twice, ball, least_iou=0.5)
    MatchCount(matched=1, detections=2, objects=1)
    """
    overlaps = box_iou(found.boxes, truth.boxes)  # (found, truth)
    same_class = np.array(found.names)[:, None] == np.array(truth.names)[None]
    overlaps = np.where(same_class, overlaps, 0.0)
    matched = 0
    for index in np.argsort(found.scores)[::-1]:
        if not overlaps.shape[1] or overlaps[index].max() < least_iou:
            continue
        overlaps[:, overlaps[index].argmax()] = 0.0
        matched += 1
    return MatchCount(matched, len(found.names), len(truth.names))


def box_iou(
    boxes: NDArray[np.floating], others: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return the IoU (n, m) of boxes (n, 4) with others (m, 4), both x, y, w, h."""
    first = np.asarray(boxes, np.float64).reshape(-1, 1, 4)
    second = np.asarray(others, np.float64).reshape(1, -1, 4)
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., :2] + first[..., 2:], second[..., :2] + second[..., 2:])
    shared = np.clip(high - low, 0.0, None).prod(axis=-1)
    union = first[..., 2:].prod(axis=-1) + second[..., 2:].prod(axis=-1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
