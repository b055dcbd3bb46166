"""
What is expected of a symbol, given what is known before it: the number of its table.

A coefficient is as large as its kind usually is, times how much larger its neighbours are than
theirs usually are: those around it in the picture, and those of the same cell that came before.
Integers only, so that every machine finds the same table; `entropy.c` holds the same again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from slim_split_ros.wire.context_tables import BANK, SILENT, Contexts, ContextTables
from slim_split_ros.wire.neighbours import to_differences
from slim_split_ros.wire.table_set import TableSet

# What a neighbour's magnitude counts: by rows up and cells to the left (weight found on train
# pictures of the shipped model; twice or half of any costs 0.1 to 0.4 % of the bytes).
AROUND = ((0, 1, 16), (1, 0, 12), (1, 1, 6), (1, -1, 4))
PARENT_WEIGHT = 32
EARLIER_WEIGHT = 1
# So much is always seen and always expected, or the first neighbour would decide alone.
PRIOR = 4
# Expected sizes have 16 bits behind the point; logarithms are in sixteenths of an octave.
SIZE_BITS = 16
SHARE = 16
# A table for each half octave, from 2^-10 on.
STEPS_PER_TABLE = 8
LOWEST = (SIZE_BITS - 10) * SHARE
BLOCK = 16  # channels at a time: larger arrays are asked of the system anew each time


@dataclass(frozen=True, slots=True, eq=False)
class ContextModel:
    """
    Hold what is derived from tables once, for frames of (channels, h, w).

    `expected` is int16 (channels, levels), SILENT where a level sends nothing; `sizes` is the same
    as uint32 in 1/65536, and 0 for silence and in the last column, which is for cells outside;
    `base`, uint64 (channels, levels), is the weighed sum of sizes that came before in a cell, and
    `weights`, float32 (channels, channels), what their magnitudes count.
    """

    tables: TableSet
    planes: int
    levels: int
    expected: np.ndarray
    sizes: np.ndarray
    base: np.ndarray
    weights: np.ndarray
    parents: np.ndarray
    first_parents: np.ndarray

    def count_sent(self, levels: np.ndarray) -> int:
        """Return how many symbols cells of levels (h, w) send; ValueError for other levels."""
        cells = np.bincount(levels.ravel(), minlength=self.levels)  # which refuses negative ones
        if len(cells) > self.levels:
            raise ValueError(f'levels reach {levels.max()}, the model has {self.levels}')
        sent = 1 + np.count_nonzero(self.expected[1:] != SILENT, axis=0)
        return int(cells @ sent)

    def is_sent(self, levels: np.ndarray) -> np.ndarray:
        """Tell what cells of levels (h, w) send, (C, h, w)."""
        sent = self.expected[:, levels] != SILENT
        sent[0] = True
        return sent

    @property
    def cell_tables(self) -> tuple[int, int]:
        """Numbers of the first table of the planes, and of the other channels."""
        return self.levels ** len(AROUND), self.levels ** len(AROUND) + BANK

    def parents_of(self, channel: int) -> list[int]:
        """Return the earlier channels of a cell that tell most of one."""
        return self.parents[self.first_parents[channel]:self.first_parents[channel + 1]].tolist()


@lru_cache(maxsize=256)  # widths times rates, of both sides and a few models
def context_model(tables: ContextTables) -> ContextModel:
    """Derive what coding with tables needs: worth keeping, 1 to 5 ms."""
    contexts, channels, levels = tables.contexts, len(tables), len(tables.expected)
    parents = contexts.parents[:channels]
    expected = np.full((channels, levels), SILENT, np.int16)
    expected[1:] = np.array(tables.expected, np.int16).reshape(levels, -1).T
    sizes = np.zeros((channels, levels + 1), np.uint32)
    sizes[:, :levels] = np.where(expected == SILENT, 0, size_of(expected))
    weights = _weights(contexts, channels)
    return ContextModel(
        _table_set(contexts), contexts.planes, levels, expected, sizes,
        weights.astype(np.uint64) @ sizes[:, :levels].astype(np.uint64), weights,
        np.array([parent for row in parents for parent in row], np.uint16),
        np.cumsum([0, *map(len, parents)]).astype(np.uint32))


@lru_cache(maxsize=32)  # rates of a width share it
def _weights(contexts: Contexts, channels: int) -> np.ndarray:
    weights = np.zeros((channels, channels), np.float32)
    for channel, row in enumerate(contexts.parents[:channels]):
        if channel >= contexts.planes:
            weights[channel, contexts.planes:channel] = EARLIER_WEIGHT
        for parent in row:
            weights[channel, parent] += PARENT_WEIGHT
    return weights


@lru_cache(maxsize=8)
def _table_set(contexts: Contexts) -> TableSet:
    return TableSet((*contexts.levels, *contexts.plane_bank, *contexts.cell_bank))


def coded_symbols(symbols: np.ndarray, planes: int) -> np.ndarray:
    """Return what is coded of int8 (C, h, w): of planes, how much cells differ from the last."""
    coded = symbols.copy()
    coded[1:planes] = to_differences(symbols[1:planes])
    return coded


def frame_tables(coded: np.ndarray, model: ContextModel) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of tables of what is coded, and where it is sent: both (C, h, w)."""
    levels = coded[0].astype(np.intp)
    magnitudes = np.abs(coded.astype(np.int16))
    magnitudes[0] = 0
    tables = np.zeros(coded.shape, np.uint16)
    for rows, columns, _ in AROUND:
        tables[0] = tables[0] * model.levels + _shifted(levels, rows, columns)
    # BLAS on ARM may raise flags of lanes that hold no number of ours.
    with np.errstate(all='ignore'):
        seen = (model.weights @ magnitudes.astype(np.float32).reshape(len(coded), -1)).reshape(
            coded.shape)  # whole numbers below 2^24
    edges = [1, model.planes, *range(model.planes + BLOCK, len(coded), BLOCK), len(coded)]
    for first, last in pairwise(edges):
        block = slice(first, last)
        tables[block] = model.cell_tables[first >= model.planes] + _bank_tables(
            magnitudes[block], seen[block], levels, model, block)
    return tables, model.is_sent(levels)


def _bank_tables(magnitudes: np.ndarray, seen: np.ndarray, levels: np.ndarray,
                 model: ContextModel, block: slice) -> np.ndarray:
    sizes = model.sizes[block].astype(np.int64)[:, levels]
    usual = model.base[block].astype(np.int64)[:, levels]
    seen = seen.astype(np.int64)
    for rows, columns, weight in AROUND:
        seen += weight * _shifted(magnitudes, rows, columns)
        usual += weight * _shifted(sizes, rows, columns)
    steps = model.expected[block].astype(np.int64)[:, levels] + SIZE_BITS * SHARE - LOWEST
    steps += logarithm(seen + PRIOR) - logarithm(usual + (PRIOR << SIZE_BITS))
    return np.clip(steps // STEPS_PER_TABLE, 0, BANK - 1)


def table_step(expected: int, seen: int, usual: int) -> int:
    """Return the number within a bank for one symbol, as `frame_tables` does for all."""
    steps = expected + SIZE_BITS * SHARE - LOWEST
    for sign, number in ((1, seen + PRIOR), (-1, usual + (PRIOR << SIZE_BITS))):
        octave = number.bit_length() - 1
        steps += sign * (16 * octave + (16 * number >> octave) - 16)
    return min(max(steps // STEPS_PER_TABLE, 0), BANK - 1)


def logarithm(numbers: np.ndarray) -> np.ndarray:
    """Return 16 times the whole part of the binary logarithm, plus the four bits that follow."""
    mantissas, exponents = np.frexp(numbers.astype(np.float64))  # exact below 2^53
    return 16 * (exponents.astype(np.int64) - 2) + (32 * mantissas).astype(np.int64)


def size_of(logarithms: np.ndarray) -> np.ndarray:
    """Undo `logarithm`, rounding down."""
    logarithms = np.maximum(logarithms, 0).astype(np.int64)
    return (16 + logarithms % 16 << logarithms // 16) >> 4


def _shifted(planes: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return (..., h, w) of what lies so far up and to the left of each, 0 from outside."""
    padded = np.pad(planes, [(0, 0)] * (planes.ndim - 2) + [(rows, 0), (1, 1)])
    height, width = planes.shape[-2:]
    return padded[..., :height, 1 - columns:1 - columns + width]
