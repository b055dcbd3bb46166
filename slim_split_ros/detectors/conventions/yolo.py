"""
Raw YOLOv8 and later: [1, 4 + classes, N], centres and sizes, then scores.

Source: docs.ultralytics.com, exports of task detect without nms.
"""

from __future__ import annotations

from slim_split_ros.detectors.candidates import Candidates, Outputs, best_class, corners
from slim_split_ros.detectors.description import Description


def read_yolo(outputs: Outputs, description: Description) -> Candidates:
    """Read the only output, whose rows may also be its columns."""
    output, = outputs.values()
    rows = output[0].T if output.shape[1] == 4 + len(description.names) else output[0]
    return best_class(corners(rows[:, :4]), rows[:, 4:])  # N, 4 + classes
