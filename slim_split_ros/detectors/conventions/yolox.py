"""
YOLOX whose grids are not decoded: [1, N, 5 + classes], cell by cell of strides 8, 16 and 32.

x = (dx + column) x stride, w = exp(log w) x stride. Source: github.com/Megvii-BaseDetection/YOLOX,
yolox/utils/demo_utils.py, demo_postprocess.
"""

from __future__ import annotations

import numpy as np

from slim_split_ros.detectors.candidates import Candidates, Outputs, best_class, corners
from slim_split_ros.detectors.description import Description
from slim_split_ros.detectors.errors import OutputsError

STRIDES = (8, 16, 32)
# Of a box as wide as the largest input, 4,096 pixels, in strides of 8 it is 6.2.
_LARGEST_LOG_SIZE = 7.0
_LIKELY = 0.1  # from this score on a row is no noise


def read_yolox(outputs: Outputs, description: Description) -> Candidates:
    """Read the only output; a score is objectness times class."""
    output, = outputs.values()
    rows = output[0].astype(np.float32)  # N, 5 + classes
    cells, strides = _grid(description.input_width, description.input_height)
    centres = (rows[:, :2] + cells) * strides
    sizes = np.exp(rows[:, 2:4]) * strides
    boxes = corners(np.concatenate([centres, sizes], axis=1))
    candidates = best_class(boxes, rows[:, 4:5] * rows[:, 5:], description.names)
    _check_logarithms(rows[:, 2:4], candidates.scores)
    return candidates


def grid_cells(width: int, height: int) -> int:
    """Return how many cells the grids of an input have, which is how many rows YOLOX gives."""
    return sum((width // stride) * (height // stride) for stride in STRIDES)


def _check_logarithms(log_sizes: np.ndarray, scores: np.ndarray) -> None:
    """Refuse pixels: their exponentials would be boxes as large as the picture, all of them."""
    finite = np.isfinite(scores)
    of_all, of_likely = log_sizes[finite], log_sizes[finite & (scores >= _LIKELY)]
    # The faint rows tell too, when a detector is tried on a picture with nothing in it.
    if len(of_all) and (np.median(of_all) > _LARGEST_LOG_SIZE
                        or of_likely.max(initial=0.0) > _LARGEST_LOG_SIZE):
        raise OutputsError(
            f'it gives sizes of boxes up to {of_all.max():g} where logarithms below '
            f'{_LARGEST_LOG_SIZE:g} stand: its boxes are decoded. Write into a YAML beside '
            'it, for YOLOv6, `convention: yolov5` alone; for YOLOX exported decoded '
            '`convention: yolov5`, `resize: letterbox_top_left`, `channels: bgr`, `scale: 1.0`')


def _grid(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return column and row (N, 2) and stride (N, 1) of each cell, row by row."""
    cells, strides = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[:height // stride, :width // stride]
        cells.append(np.stack([columns.ravel(), rows.ravel()], axis=1))
        strides.append(np.full((rows.size, 1), stride))
    return np.concatenate(cells), np.concatenate(strides)
