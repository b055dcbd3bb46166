"""
YOLOX whose grids are not decoded: [1, N, 5 + classes], cell by cell of strides 8, 16 and 32.

x = (dx + column) x stride, w = exp(log w) x stride. Source: github.com/Megvii-BaseDetection/YOLOX,
yolox/utils/demo_utils.py, demo_postprocess.
"""

from __future__ import annotations

import numpy as np

from slim_split_ros.detectors.candidates import Candidates, Outputs, best_class, corners
from slim_split_ros.detectors.description import Description

STRIDES = (8, 16, 32)


def read_yolox(outputs: Outputs, description: Description) -> Candidates:
    """Read the only output; a score is objectness times class."""
    output, = outputs.values()
    rows = output[0].astype(np.float32)  # N, 5 + classes
    cells, strides = _grid(description.input_width, description.input_height)
    centres = (rows[:, :2] + cells) * strides
    # The largest exponent whose box is still finite; a wild one becomes a box that is dropped.
    sizes = np.exp(np.minimum(rows[:, 2:4], 20.0)) * strides
    boxes = corners(np.concatenate([centres, sizes], axis=1))
    return best_class(boxes, rows[:, 4:5] * rows[:, 5:], description.names)


def grid_cells(width: int, height: int) -> int:
    """Return how many cells the grids of an input have, which is how many rows YOLOX gives."""
    return sum((width // stride) * (height // stride) for stride in STRIDES)


def _grid(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return column and row (N, 2) and stride (N, 1) of each cell, row by row."""
    cells, strides = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[:height // stride, :width // stride]
        cells.append(np.stack([columns.ravel(), rows.ravel()], axis=1))
        strides.append(np.full((rows.size, 1), stride))
    return np.concatenate(cells), np.concatenate(strides)
