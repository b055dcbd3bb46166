"""
Detectors that select by themselves: [1, n, 6], corners, score, class; rows of zeros fill up.

Source: docs.ultralytics.com, YOLOv10, YOLO26 and exports with nms=True.
"""

from __future__ import annotations

import numpy as np

from slim_split_ros.detectors.candidates import Candidates, Outputs
from slim_split_ros.detectors.description import Description


def read_end_to_end(outputs: Outputs, description: Description) -> Candidates:
    """Read the only output."""
    output, = outputs.values()
    rows = output[0]  # n, 6 and, of tasks pose and segment, more
    labels = np.nan_to_num(rows[:, 5], nan=-1.0).astype(np.int64)
    return Candidates(rows[:, :4], rows[:, 4], labels, is_final=True)
