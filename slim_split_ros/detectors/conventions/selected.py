"""
Detectors with three outputs: boxes [1, n, 4], scores [1, n] and labels [1, n], already selected.

With a second input, the picture's width and height, boxes are in its pixels. Source: RT-DETR,
github.com/lyuwenyu/RT-DETR, tools/export_onnx.py; D-FINE and DEIM follow it.
"""

from __future__ import annotations

import numpy as np

from slim_split_ros.detectors.candidates import Candidates, Outputs
from slim_split_ros.detectors.description import Description


def read_selected(outputs: Outputs, description: Description) -> Candidates:
    """Tell the outputs by their names, which hold box, score, and label or class."""
    found: dict[str, np.ndarray] = {}
    for name, output in outputs.items():
        kind = next((kind for kind in ('box', 'score') if kind in name), 'label')
        found[kind] = output[0]
    return Candidates(
        found['box'], found['score'], found['label'].astype(np.int64), is_final=True)
