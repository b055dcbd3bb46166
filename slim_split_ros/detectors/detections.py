"""What a detector finds in a picture: boxes, scores and classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """
    Hold the detections of one frame, by falling score.

    `boxes` float32 (n, 4): x, y, w, h in pixels of the original image, inside it; `scores`
    float32 (n,); `labels` int64 (n,), indices into the detector's classes.
    """

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.scores)

    def above(self, threshold: float) -> Detections:
        """Return those of at least this score."""
        count = int((self.scores >= threshold).sum())
        return Detections(self.boxes[:count], self.scores[:count], self.labels[:count])
