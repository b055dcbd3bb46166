"""What a detector finds in a picture: boxes, scores and classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Dropped:
    """
    Count what a detector gave above the threshold and no detection came of, by reason.

    Many of one frame after the other say that the detector or its description is wrong.
    """

    not_finite: int = 0     # box or score
    outside: int = 0        # of the picture, or without area
    of_no_class: int = 0
    beyond_most: int = 0    # fainter than as many as are compared

    def sentence(self) -> str:
        """Say it for a log; empty where nothing was dropped."""
        reasons = {
            'not finite': self.not_finite, 'outside the picture or empty': self.outside,
            'of no class': self.of_no_class, 'beyond the most that count': self.beyond_most}
        counts = [f'{count} {reason}' for reason, count in reasons.items() if count]
        return f'dropped: {", ".join(counts)}' if counts else ''


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """
    Hold the detections of one frame, by falling score.

    `boxes` float32 (n, 4): x, y, w, h in pixels of the original image, inside it; `scores`
    float32 (n,); `labels` int64 (n,), indices into the detector's classes. `dropped` counts what
    is not among them.
    """

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    dropped: Dropped = Dropped()

    def __len__(self) -> int:
        return len(self.scores)

    def above(self, threshold: float) -> Detections:
        """Return those of at least this score."""
        count = int((self.scores >= threshold).sum())
        return Detections(
            self.boxes[:count], self.scores[:count], self.labels[:count], self.dropped)
