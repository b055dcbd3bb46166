"""What the map says of each macroblock of a coded picture, whose blocks are not its cells."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from slim_split_ros.wire.geometry import FrameGeometry
from slim_split_ros.wire.video_settings import CodedSize

MACROBLOCK = 16


def block_levels(levels: np.ndarray, geometry: FrameGeometry, size: CodedSize) -> np.ndarray:
    """
    Return the level of each macroblock, int8 (rows, columns), of a picture of this size.

    `levels` is the map of the network input, int8 (h, w), in which the image lies at the top left.
    A block has the level of the cell in its middle: with the highest that it touches, a fifth
    more bytes bring nothing.
    """
    return levels[_cells(levels.shape, geometry, size)]


@lru_cache(maxsize=64)  # cameras and rates of a process
def _cells(
    shape: tuple[int, int], geometry: FrameGeometry, size: CodedSize
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and columns of the cells in the middle of blocks."""
    return np.ix_(
        _along(size.height, geometry.resized_height, geometry.input_height, shape[0]),
        _along(size.width, geometry.resized_width, geometry.input_width, shape[1]))


def _along(coded: int, resized: int, side: int, cells: int) -> np.ndarray:
    blocks = np.arange(-(-coded // MACROBLOCK))
    pixels = np.minimum((blocks + 0.5) * MACROBLOCK, coded - 1)
    return np.minimum((pixels * resized / coded * cells / side).astype(int), cells - 1)
