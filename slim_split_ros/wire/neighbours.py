"""
How does a channel that changes slowly over the picture cost fewer bits? As differences.

A symbol's neighbour is the one to its left, in the first column the one above. Differences wrap
around as int8 does, so that every symbol comes back, and a running sum undoes them.
"""

from __future__ import annotations

import numpy as np


def to_differences(symbols: np.ndarray) -> np.ndarray:
    """
    Return int8 (..., h, w) of what each symbol adds to its neighbour; the first stays itself.

    >>> to_differences(np.array([[5, 6, 6], [4, 4, 3]], np.int8)).tolist()
    [[5, 1, 0], [-1, 0, -1]]
    """
    differences = symbols.copy()
    differences[..., 1:] -= symbols[..., :-1]
    differences[..., 1:, 0] -= symbols[..., :-1, 0]
    return differences


def from_differences(differences: np.ndarray) -> np.ndarray:
    """Undo `to_differences`."""
    symbols = differences.copy()
    np.cumsum(differences[..., 0], axis=-1, dtype=np.int8, out=symbols[..., 0])
    return np.cumsum(symbols, axis=-1, dtype=np.int8)
