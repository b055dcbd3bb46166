"""Tables of contexts from pictures: expected sizes first, then what depends on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from slim_split_ros.wire.context_model import (
    AROUND,
    SIZE_BITS,
    coded_symbols,
    context_model,
    frame_tables,
    logarithm,
)
from slim_split_ros.wire.context_tables import (
    BANK,
    LARGEST_EXPECTED,
    SILENT,
    Contexts,
    ContextTables,
)
from slim_split_ros.wire.entropy_native import native_coder, place
from slim_split_ros.wire.entropy_tables import ChannelTable, fit_alphabet, fit_tables

# Added to the sum of magnitudes, so that what was never seen has a size too.
SEEN_BEFORE = 0.02


class SizeCounts:
    """Average the magnitudes of one width's and rate's symbols, by level and channel."""

    def __init__(self, channels: int, planes: int, levels: int) -> None:
        self._planes = planes
        self._sums = np.full((levels, channels - 1), SEEN_BEFORE)
        self._cells = np.ones((levels, 1))

    def add(self, symbols: np.ndarray) -> None:
        """Count one frame, int8 (C, h, w), levels first."""
        magnitudes = np.abs(coded_symbols(symbols, self._planes)[1:].astype(np.int64))
        for level, sums in enumerate(self._sums):
            cells = symbols[0] == level
            sums += magnitudes[:, cells].sum(1)
            self._cells[level] += np.count_nonzero(cells)

    def expected(self, sent: list[int]) -> tuple[tuple[int, ...], ...]:
        """Return rows for ContextTables; beside the planes, level i sends `sent[i]` channels."""
        means = self._sums / self._cells * 2 ** SIZE_BITS
        rows = np.clip(logarithm(np.maximum(means, 1.0)), 0, LARGEST_EXPECTED)
        for row, count in zip(rows, sent, strict=True):
            row[self._planes - 1 + count:] = SILENT
        return tuple(map(tuple, rows.tolist()))


class ContextCounts:
    """
    Count the symbols of all widths and rates by context, and fit tables to them.

    `unfitted` are contexts to count with: their tables are not looked at.
    """

    def __init__(self, planes: int, levels: int, parents: tuple[tuple[int, ...], ...]) -> None:
        flat = ChannelTable(0, (4_095, 1))
        self.unfitted = Contexts(
            (flat,) * levels ** len(AROUND), (flat,) * BANK, (flat,) * BANK, planes, parents)
        self._levels = levels
        self._counts = np.zeros((len(self.unfitted.levels) + 2 * BANK, 256), np.int64)

    def add(self, symbols: np.ndarray, tables: ContextTables) -> None:
        """Count one frame, int8 (C, h, w), of a width and rate with the `unfitted` contexts."""
        model = context_model(tables)
        coded = coded_symbols(symbols, model.planes)
        if native_coder().library is not None:  # ten times as fast, and models have many frames
            table_of = place(coded, model, model.count_sent(symbols[0])).table_of
        else:
            numbers, sent = frame_tables(coded, model)
            table_of = numbers[sent]
        places = table_of.astype(np.int64) * 256 + coded[model.is_sent(symbols[0])] + 128
        self._counts += np.bincount(places, minlength=self._counts.size).reshape(-1, 256)

    def fit(self) -> Contexts:
        """Return the contexts whose tables cost least on what was counted."""
        levels, planes, cells = np.split(
            self._counts, [len(self.unfitted.levels), len(self.unfitted.levels) + BANK])
        return replace(
            self.unfitted,
            levels=tuple(fit_alphabet(counts[128:128 + self._levels]) for counts in levels),
            plane_bank=fit_tables(planes).channels, cell_bank=fit_tables(cells).channels)
