"""
Detectors with three outputs: boxes [1, n, 4], scores [1, n] and labels [1, n], already selected.

With a second input, the picture's width and height, boxes are in its pixels. Source: RT-DETR,
github.com/lyuwenyu/RT-DETR, tools/export_onnx.py; D-FINE and DEIM follow it.
"""

from __future__ import annotations

import numpy as np

from slim_split_ros.detectors.candidates import Candidates, Outputs
from slim_split_ros.detectors.description import Description
from slim_split_ros.detectors.signature import OutputKind, kind_of


def read_selected(outputs: Outputs, description: Description) -> Candidates:
    """Tell boxes and scores by their names; the third output has the labels."""
    found: dict[OutputKind, np.ndarray] = {}
    for name, output in outputs.items():
        kind = kind_of(name)
        is_told = kind in (OutputKind.BOXES, OutputKind.SCORES)
        found[kind if is_told else OutputKind.LABELS] = output[0]
    return Candidates(
        found[OutputKind.BOXES], found[OutputKind.SCORES],
        found[OutputKind.LABELS].astype(np.int64), is_final=True)
