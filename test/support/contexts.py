"""Frames of symbols by level, and tables of contexts for them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from slim_split_ros.wire.context_counts import ContextCounts, SizeCounts
from slim_split_ros.wire.context_tables import ContextTables

CHANNELS = 13


def draw_frame(
    generator: np.random.Generator, shape: tuple[int, int, int], planes: int, sent: list[int],
    spread: float,
) -> np.ndarray:
    """
    Draw int8 (C, h, w) that is zero where a level sends nothing.

    Levels come first, then planes that rise from left to right; of the other channels, level i
    sends the first `sent[i]`.
    """
    scale = generator.uniform(0.0, spread, (shape[0], 1, 1))
    values = np.round(generator.laplace(0.0, scale, shape))
    values[1:planes] += 3 * np.arange(shape[2])
    symbols = np.clip(values, -128, 127).astype(np.int8)
    symbols[0] = generator.integers(0, len(sent), shape[1:])
    numbers = np.arange(shape[0] - planes)[:, None, None]
    symbols[planes:][numbers >= np.array(sent)[symbols[0]]] = 0
    return symbols


@lru_cache(maxsize=32)
def fitted_tables(channels: int, planes: int, sent: tuple[int, ...]) -> ContextTables:
    """Return tables of a few frames that are neither the quietest nor the loudest."""
    generator = np.random.default_rng(7)
    frames = [draw_frame(generator, (channels, 9, 11), planes, list(sent), 4.0) for _ in range(3)]
    return fit_contexts(frames, planes, list(sent))


def fit_contexts(frames: list[np.ndarray], planes: int, sent: list[int]) -> ContextTables:
    """Fit tables to frames of one width and rate, each channel with its predecessor as parent."""
    channels = len(frames[0])
    sizes = SizeCounts(channels, planes, len(sent))
    for frame in frames:
        sizes.add(frame)
    parents = tuple((channel - 1,) if channel > planes else () for channel in range(channels))
    counts = ContextCounts(planes, len(sent), parents)
    tables = ContextTables(counts.unfitted, sizes.expected(sent))
    for frame in frames:
        counts.add(frame, tables)
    return ContextTables(counts.fit(), tables.expected)
