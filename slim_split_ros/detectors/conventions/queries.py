"""
RF-DETR: boxes [1, n, 4] as centres and sizes in fractions, logits [1, n, classes].

A class's chance is the sigmoid of its logit. Source: github.com/roboflow/rf-detr,
rfdetr/models/lwdetr.py, PostProcess; RT-DETR and D-FINE without their postprocessor.
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
from slim_split_ros.detectors.errors import OutputsError


def read_queries(outputs: Outputs, description: Description) -> Candidates:
    """Read both outputs; a column without a name is a background slot."""
    boxes, logits = split_boxes(outputs)
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits.astype(np.float32), -60.0, 60.0)))
    candidates = best_class(corners(boxes), scores, description.names)
    _check_sigmoid(scores[np.isfinite(candidates.boxes).all(axis=1)])
    return Candidates(candidates.boxes, candidates.scores, candidates.labels, is_final=True)


def _check_sigmoid(scores: np.ndarray) -> None:
    """Refuse a column that most queries are sure of: that of no object, beside it a softmax."""
    shares = (scores > 0.5).mean(axis=0) if len(scores) else np.zeros(1)
    if shares.max() > 0.5:
        raise OutputsError(
            f'most of its queries ({shares.max():.0%}) are sure of column {shares.argmax()}, '
            'counted from 0, which looks like a column for no object (softmax): as of DETR and '
            'YOLOS write `convention: queries_softmax` into a YAML beside it')
