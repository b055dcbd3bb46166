"""
Which width comes next, so that every width sees the same scenes?

Widths that change every few seconds are compared on scenes of different difficulty: the widest
once showed the lowest recall because it had the fullest hall.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import random


class WidthTurns:
    """Choose one of the widths with the fewest frames, at random, so that no period is met."""

    def __init__(self, widths: Sequence[float], seed: int = 0) -> None:
        self._widths = tuple(widths)
        self._random = random.Random(seed)

    def next(self, frames: Mapping[float, int]) -> float:
        """
        Return the width of the next frame; `frames` counts those encoded so far by width.

        >>> WidthTurns((0.25, 0.5, 1.0)).next({0.25: 3, 1.0: 2})
        0.5
        """
        fewest = min(frames.get(width, 0) for width in self._widths)
        return self._random.choice(
            [width for width in self._widths if frames.get(width, 0) == fewest])
