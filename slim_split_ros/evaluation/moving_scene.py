"""A picture that moves, drawn from numbers alone, as busy as real ones: to time encoders with."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np

SIZE = (480, 640)
MOTION_PIXELS = 5  # a frame: a robot that turns at 20 degrees a second, 10 frames a second
CONTRASTS = np.geomspace(0.03, 1.0, 16)


class MovingScene:
    """Show something smooth that moves: video of a picture that stands still costs nothing."""

    def __init__(self, contrast: float) -> None:
        self._picture, self._moved = _draw(contrast), 0

    def look(self) -> np.ndarray:
        """Return the next frame, uint8 (480, 640, 3), BGR."""
        self._moved += MOTION_PIXELS
        return np.roll(self._picture, self._moved, axis=1)


def find_scene(count_bytes: Callable[[MovingScene], float], wanted_bytes: float) -> MovingScene:
    """
    Return the plainest scene that takes so many bytes, or the busiest where none does.

    How long an encoder takes depends on what it has to write: a picture that takes four times the
    bytes of real ones takes up to twice their time.
    """
    number = bisect_left(
        CONTRASTS, wanted_bytes, hi=len(CONTRASTS) - 1,
        key=lambda contrast: count_bytes(MovingScene(contrast)))
    return MovingScene(CONTRASTS[number])


@lru_cache(len(CONTRASTS))
def _draw(contrast: float) -> np.ndarray:
    coarse = np.random.default_rng(0).uniform(-1.0, 1.0, (30, 40, 3))
    smooth = cv2.resize(coarse, SIZE[::-1], interpolation=cv2.INTER_LINEAR)
    return (127.5 * (1.0 + contrast * smooth)).astype(np.uint8)
