"""
Which table codes a coefficient? That of its channel's kind, in cells of its cell's level.

The first channel of a frame holds levels, which travel as blocks (`level_blocks.py`), the next
ones are coded alike in all cells: together these are the planes. Of all others, channels of like
statistics share a table, and those that a level does not send have none. So a frame is a few dozen
streams, not hundreds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from slim_split_ros.wire.entropy_tables import (
    ChannelTable,
    count_symbols,
    fit_alphabet,
    fit_tables,
)
from slim_split_ros.wire.errors import ManifestError
from slim_split_ros.wire.level_blocks import MOST_LEVELS, block_symbols, to_blocks
from slim_split_ros.wire.neighbours import to_differences

SILENT = -1
TABLES_PER_LEVEL = 10  # 16 instead of 10 save 0.3 % of the bytes


@dataclass(frozen=True, slots=True, eq=False)
class LevelTables:
    """
    Hold the tables of one width and rate.

    `numbers` has a row a level, with a number into `shared` for each channel after the planes,
    or SILENT. Compared and hashed by identity, as coders keep what they derive from it.
    """

    planes: tuple[ChannelTable, ...]
    shared: tuple[ChannelTable, ...]
    numbers: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        """Refuse tables that do not code every channel and level."""
        if not self.planes or not self.numbers:
            raise ManifestError('level tables need a table for levels and a row for each level')
        if len({len(row) for row in self.numbers}) > 1:
            raise ManifestError('level tables have rows of different lengths')
        if any(not SILENT <= number < len(self.shared) for row in self.numbers for number in row):
            raise ManifestError(
                f'level tables name tables beyond the {len(self.shared)} that they hold')
        if len(self.numbers) > MOST_LEVELS:
            raise ManifestError(
                f'level tables have {len(self.numbers)} levels, must be at most {MOST_LEVELS}')
        blocks, last = self.planes[0], block_symbols(len(self.numbers)) - 1
        if blocks.of_differences or blocks.offset > 0 or blocks.last_symbol < last:
            raise ManifestError(
                f'the table of blocks of levels covers {blocks.offset} to {blocks.last_symbol}, '
                f'must cover 0 to {last} as they are')

    def __len__(self) -> int:
        return len(self.planes) + len(self.numbers[0])

    def to_json(self) -> dict[str, Any]:
        """Return plain data for manifest.json."""
        return {'planes': [table.to_json() for table in self.planes],
                'shared': [table.to_json() for table in self.shared],
                'numbers': [list(row) for row in self.numbers]}

    @classmethod
    def from_json(cls, data: Any) -> LevelTables:
        """Build from what `to_json` gave; raises ManifestError for anything else."""
        try:
            planes, shared = (
                tuple(ChannelTable.from_json(table) for table in data[name])
                for name in ('planes', 'shared'))
            numbers = tuple(tuple(row) for row in data['numbers'])
        except (KeyError, TypeError) as error:
            raise ManifestError(
                f'level tables are {data!r:.60}, must have planes, shared and numbers') from error
        if any(type(number) is not int for row in numbers for number in row):
            raise ManifestError('level tables have a number that is no integer')
        return cls(planes, shared, numbers)


class LevelCounts:
    """Count the symbols of many frames, and fit tables to them."""

    def __init__(self, channels: int, planes: int, levels: int) -> None:
        self._blocks = np.zeros(block_symbols(levels), np.int64)
        self._planes = np.zeros((planes - 1, 256), np.int64)  # without that of levels
        self._differences = np.zeros((planes - 1, 256), np.int64)
        self._cells = np.zeros((levels, channels - planes, 256), np.int64)

    def add(self, symbols: np.ndarray) -> None:
        """Count one frame, int8 (C, h, w), levels first."""
        planes = 1 + len(self._planes)
        self._blocks += np.bincount(to_blocks(symbols[0], len(self._cells)).ravel(),
                                    minlength=len(self._blocks))
        self._planes += count_symbols(symbols[1:planes])
        self._differences += count_symbols(to_differences(symbols[1:planes]))
        levels = symbols[0].ravel()
        others = symbols[planes:].reshape(len(symbols) - planes, -1)
        for level, counts in enumerate(self._cells):
            if np.any(cells := levels == level):
                counts += count_symbols(others[:, cells])

    def fit(self, sent: list[int]) -> LevelTables:
        """Return tables; of the channels after the planes, level i sends the first `sent[i]`."""
        blocks = fit_alphabet(self._blocks)
        planes = fit_tables(self._planes, self._differences).channels
        shared: list[ChannelTable] = []
        numbers = []
        for counts, count in zip(self._cells, sent, strict=True):
            if not count:
                numbers.append((SILENT,) * len(counts))
                continue
            groups = _group_alike(counts[:count])
            tables = fit_tables(np.stack([
                counts[:count][groups == group].sum(0) for group in range(groups.max() + 1)]))
            numbers.append(tuple((groups + len(shared)).tolist())
                           + (SILENT,) * (len(counts) - count))
            shared += tables.channels
        return LevelTables((blocks, *planes), tuple(shared), tuple(numbers))


def _group_alike(counts: np.ndarray) -> np.ndarray:
    """Return a group (C,) for each channel of counts (C, 256): of like size of symbols."""
    sizes = np.abs(np.arange(-128, 128))
    means = (counts * sizes).sum(1) / np.maximum(counts.sum(1), 1)
    order = np.argsort(means, kind='stable')
    # Equal shares of the logarithm, which the bits of a symbol follow.
    logs = np.log2(means[order] + 1e-4)
    span = max(float(logs[-1] - logs[0]), 1e-9)
    bins = np.minimum(((logs - logs[0]) / span * TABLES_PER_LEVEL).astype(int),
                      TABLES_PER_LEVEL - 1)
    groups = np.empty(len(counts), int)
    groups[order] = np.unique(bins, return_inverse=True)[1]
    return groups
