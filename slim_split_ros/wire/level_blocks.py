"""
How does the map of levels cost less? As blocks of 2x2 cells, whose levels make one symbol.

Neighbouring cells mostly have the same level, and a table of blocks knows it: 42 bytes a frame
instead of 70 for 520 cells of our pictures. A table for each pair of known neighbours would take
25, but symbols would have to be decoded one by one.
"""

from __future__ import annotations

import numpy as np

from slim_split_ros.wire.errors import PayloadError

MOST_LEVELS = 3  # whose blocks still are int8
_CELLS = ((0, 0), (0, 1), (1, 0), (1, 1))


def block_symbols(levels: int) -> int:
    """Return how many symbols blocks of cells of so many levels have."""
    return levels ** len(_CELLS)


def block_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Return height and width in blocks of a map of cells (h, w)."""
    return -(-shape[0] // 2), -(-shape[1] // 2)


def to_blocks(cells: np.ndarray, levels: int) -> np.ndarray:
    """
    Return int8 (ceil(h/2), ceil(w/2)) of int8 (h, w), each of 0 to `levels` - 1.

    Cells beyond the border count as level 0.
    """
    blocks = np.zeros(block_shape(cells.shape), np.int8)
    for y, x in _CELLS:
        there = cells[y::2, x::2]
        blocks *= levels
        blocks[:there.shape[0], :there.shape[1]] += there
    return blocks


def from_blocks(blocks: np.ndarray, shape: tuple[int, int], levels: int) -> np.ndarray:
    """Undo `to_blocks`; raises PayloadError for a symbol that it does not give."""
    if blocks.min() < 0 or blocks.max() >= block_symbols(levels):
        raise PayloadError(
            f'payload has blocks of levels {blocks.min()} to {blocks.max()}, the model 0 to '
            f'{block_symbols(levels) - 1}')
    cells = np.empty([2 * side for side in blocks.shape], np.int8)
    for y, x in reversed(_CELLS):
        blocks, cells[y::2, x::2] = np.divmod(blocks, np.int8(levels))
    return cells[:shape[0], :shape[1]]
