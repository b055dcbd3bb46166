"""
RF-DETR: boxes [1, n, 4] as centres and sizes in fractions, logits [1, n, classes].

A class's chance is the sigmoid of its logit (of DETR's it is not: a softmax over classes and "no
object"). Source: github.com/roboflow/rf-detr,
rfdetr/models/lwdetr.py, PostProcess.
"""

from __future__ import annotations

import numpy as np

from slim_split_ros.detectors.candidates import (
    Candidates,
    Outputs,
    best_class,
    corners,
    split_boxes,
)
from slim_split_ros.detectors.description import Description


def read_queries(outputs: Outputs, description: Description) -> Candidates:
    """Read both outputs; a column without a name is a background slot."""
    boxes, logits = split_boxes(outputs)
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits.astype(np.float32), -60.0, 60.0)))
    candidates = best_class(corners(boxes), scores, description.names)
    return Candidates(candidates.boxes, candidates.scores, candidates.labels, is_final=True)
