"""Anchors decoded in the graph, as SSD's: boxes [1, N, 4] as corners, scores [1, N, classes]."""

from __future__ import annotations

from slim_split_ros.detectors.candidates import Candidates, Outputs, best_class, split_boxes
from slim_split_ros.detectors.description import Description


def read_boxes_scores(outputs: Outputs, description: Description) -> Candidates:
    """Read both outputs."""
    return best_class(*split_boxes(outputs), description.names)
