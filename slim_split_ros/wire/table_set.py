"""Entropy tables as coders look things up in them: numbered, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from slim_split_ros.wire.entropy_tables import TABLE_TOTAL, ChannelTable

# 2^64 / n rounded down, plus 1: see `entropy.c`, which multiplies instead of dividing.
_RECIPROCALS = np.array([0, 0, *((1 << 64) // n + 1 for n in range(2, TABLE_TOTAL))], np.uint64)


class TableSet:
    """
    Hold tables by number; worth keeping, as deriving it takes as long as coding many frames.

    `offsets` and `escapes` have one number a table. Entries of all tables follow each other in
    `frequencies`, `starts` (what lies below an entry in its table) and `reciprocals`; `firsts`
    says where each table begins.
    """

    def __init__(self, tables: Sequence[ChannelTable]) -> None:
        sizes = [len(table.frequencies) for table in tables]
        self.offsets = np.array([table.offset for table in tables], np.int32)
        self.escapes = np.array(sizes, np.int32) - 1
        self.firsts = np.cumsum([0, *sizes[:-1]]).astype(np.uint32)
        self.frequencies = np.array(
            [number for table in tables for number in table.frequencies], np.uint16)
        self.starts = np.concatenate(
            [np.cumsum([0, *table.frequencies[:-1]]) for table in tables]).astype(np.uint16)
        self.reciprocals = _RECIPROCALS[self.frequencies]

    @cached_property
    def limits(self) -> list[tuple[int, int]]:
        """Offset and escape of each table, as Python's own integers."""
        return list(zip(self.offsets.tolist(), self.escapes.tolist(), strict=True))

    @cached_property
    def entry_of(self) -> np.ndarray:
        """Entry of each table and quantile, uint8 (tables, TABLE_TOTAL); for decoding only."""
        entries = np.concatenate([np.arange(escape + 1) for escape in self.escapes])
        return np.repeat(entries.astype(np.uint8), self.frequencies).reshape(-1, TABLE_TOTAL)
