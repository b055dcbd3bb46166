"""
Raw YOLOv8 and later: [1, 4 + classes, N], centres and sizes, then scores.

Those of tasks pose and segment have more behind the scores, which nothing here reads. Source:
docs.ultralytics.com, exports without nms.
"""

from __future__ import annotations

from slim_split_ros.detectors.candidates import Candidates, Outputs, best_class, corners
from slim_split_ros.detectors.description import Description
from slim_split_ros.detectors.signature import Shape


def read_yolo(outputs: Outputs, description: Description) -> Candidates:
    """Read the only output, whose rows may also be its columns."""
    output, = outputs.values()
    classes = len(description.names)
    rows = output[0].T if has_anchors_last(output.shape, classes) else output[0]
    return best_class(corners(rows[:, :4]), rows[:, 4:4 + classes], description.names)


def has_anchors_last(shape: Shape, classes: int) -> bool:
    """Return whether it is [1, 4 + classes, N]; where that does not tell, anchors are more."""
    first, second = shape[1:]
    if 4 + classes in (first, second):
        return first == 4 + classes
    return second is None or (first is not None and first < second)
