"""
Raw YOLOv5 and v7: [1, N, 5 + classes], centres and sizes, objectness, then classes.

Source: github.com/ultralytics/yolov5, models/yolo.py, Detect.forward.
"""

from __future__ import annotations

from slim_split_ros.detectors.candidates import Candidates, Outputs, best_class, corners
from slim_split_ros.detectors.description import Description

ANCHORS_V5 = 3  # of each cell of the grids


def read_yolov5(outputs: Outputs, description: Description) -> Candidates:
    """Read the only output; a score is objectness times class."""
    output, = outputs.values()
    rows = output[0]  # N, 5 + classes and, with masks, more
    classes = rows[:, 5:5 + len(description.names)]
    return best_class(corners(rows[:, :4]), rows[:, 4:5] * classes, description.names)
