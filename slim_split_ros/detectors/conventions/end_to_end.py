"""
Detectors that select by themselves: [1, n, 6], corners, score, class; rows of zeros fill up.

Source: docs.ultralytics.com, YOLOv10, YOLO26 and exports with nms=True.
"""

from __future__ import annotations

import numpy as np

from slim_split_ros.detectors.candidates import Candidates, Outputs
from slim_split_ros.detectors.description import Description
from slim_split_ros.detectors.errors import OutputsError

_WHOLE = 1e-4  # of whole numbers, even of half precision, rounding takes nothing


def read_end_to_end(outputs: Outputs, description: Description) -> Candidates:
    """Read the only output."""
    output, = outputs.values()
    rows = output[0]  # n, 6 and, of tasks pose and segment, more
    _check_classes(rows)
    labels = np.nan_to_num(rows[:, 5], nan=-1.0).astype(np.int64)
    return Candidates(rows[:, :4], rows[:, 4], labels, is_final=True)


def _check_classes(rows: np.ndarray) -> None:
    """Refuse scores where the numbers of classes stand: six columns may also be of two classes."""
    classes = rows[np.isfinite(rows[:, :6]).all(axis=1), 5]
    parts = np.abs(classes - np.rint(classes))
    if parts.max(initial=0.0) > _WHOLE:
        raise OutputsError(
            f'it gives class {classes[parts.argmax()]:g}, and classes are whole numbers. For an '
            'RT-DETR of two classes by Ultralytics write `convention: yolo`, `resize: stretch` '
            'and `box_units: fraction` into a YAML beside it; where the score stands behind the '
            'class, no YAML describes it')
