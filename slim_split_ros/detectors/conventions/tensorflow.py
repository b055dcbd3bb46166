"""
Detectors of TensorFlow: boxes [1, n, 4] that begin with their top, classes that begin with 1.

In fractions; told by the names of their outputs. Source: github.com/tensorflow/models,
research/object_detection, core/post_processing.py and exporter_lib_v2.py.
"""

from __future__ import annotations

import numpy as np

from slim_split_ros.detectors.candidates import Candidates, Outputs
from slim_split_ros.detectors.description import Description
from slim_split_ros.detectors.errors import OutputsError

PARTS = ('detection_boxes', 'detection_scores', 'detection_classes')
# As for any fractions: none reaches this far, pixels do.
_FARTHEST = 4.0
_LIKELY = 0.1  # from this score on a row is no noise


def part_of(name: str) -> str | None:
    """Return which part an output is, None for others; `x/detection_boxes:0` is one too."""
    plain = name.rsplit('/', maxsplit=1)[-1].split(':')[0]
    return plain if plain in PARTS else None


def read_tensorflow(outputs: Outputs, description: Description) -> Candidates:
    """Read the three outputs; label 0 is class 1."""
    found = {part_of(name): output[0] for name, output in outputs.items()}
    boxes, scores, classes = (found[part] for part in PARTS)
    likely = np.abs(boxes[scores >= _LIKELY])
    if len(likely) and np.median(likely.max(axis=1)) > _FARTHEST:
        raise OutputsError(
            f'its boxes reach to {likely.max():g}, and those of TensorFlow are fractions of the '
            'picture: write `convention: selected` into a YAML beside it, if they begin with '
            'their left')
    labels = np.nan_to_num(classes, nan=0.0).astype(np.int64) - 1
    return Candidates(boxes[:, [1, 0, 3, 2]], scores, labels, is_final=True)
