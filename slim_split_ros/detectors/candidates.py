"""What a convention reads out of a detector's outputs, before doubles and the faint are gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from slim_split_ros.detectors.errors import OutputsError
from slim_split_ros.detectors.signature import OutputKind, kind_of

Outputs = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """
    Hold what may be detections.

    `boxes` float (n, 4): x0, y0, x1, y1 in the units that the description names; `scores` float
    (n,); `labels` int64 (n,): columns of the classes.
    """

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    is_final: bool = False  # doubles are gone already


def best_class(boxes: np.ndarray, scores: np.ndarray, names: Sequence[str]) -> Candidates:
    """
    Take the best class of each row of scores (n, columns); a column without a name is none.

    Raises OutputsError for another number of columns: then no name is surely that of its column.
    """
    if scores.shape[1] != len(names):
        raise OutputsError(f'it gives {scores.shape[1]} columns of classes and has {len(names)} '
                           'names: list the names of all its columns as `names`')
    nameless = [column for column, name in enumerate(names[:scores.shape[1]]) if not name]
    if nameless:
        scores = scores.copy()
        scores[:, nameless] = 0.0
    labels = scores.argmax(axis=1)
    return Candidates(boxes, scores[np.arange(len(scores)), labels], labels)


def split_boxes(outputs: Outputs) -> tuple[np.ndarray, np.ndarray]:
    """Return of two outputs the boxes (n, 4), told by width or else by name, and the other."""
    (name, first), (other, second) = outputs.items()
    is_first = first.shape[-1] == 4
    if first.shape[-1] == second.shape[-1]:
        is_first = kind_of(name) is OutputKind.BOXES or kind_of(other) in (
            OutputKind.SCORES, OutputKind.LABELS)
    if first.shape[1] != second.shape[1]:
        raise OutputsError(f'{name} has {first.shape[1]} rows and {other} {second.shape[1]}, '
                           'boxes and scores must have as many: export it so')
    return (first[0], second[0]) if is_first else (second[0], first[0])


def corners(boxes_cxcywh: np.ndarray) -> np.ndarray:
    """Turn centres and sizes (n, 4) into corners."""
    half = boxes_cxcywh[:, 2:] / 2
    return np.concatenate([boxes_cxcywh[:, :2] - half, boxes_cxcywh[:, :2] + half], axis=1)
