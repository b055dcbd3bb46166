"""
DETR and YOLOS: boxes [1, n, 4] as centres and sizes in fractions, logits [1, n, classes + 1].

A class's chance is its part of the softmax over the classes and, last, "no object". Source:
github.com/facebookresearch/detr, models/detr.py, PostProcess.
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


def read_queries_softmax(outputs: Outputs, description: Description) -> Candidates:
    """Read both outputs; the last column has no name."""
    boxes, logits = split_boxes(outputs)
    logits = np.clip(logits.astype(np.float32), -60.0, 60.0)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    scores = powers / powers.sum(axis=1, keepdims=True)
    candidates = best_class(corners(boxes), scores, description.names)
    return Candidates(candidates.boxes, candidates.scores, candidates.labels, is_final=True)
