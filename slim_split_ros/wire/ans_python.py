"""
The entropy coder in plain Python: the definition, and what runs where none was compiled.

Same stream, bit for bit, as `entropy.c`; it knows numbers only, no channels and no escapes.
"""

from __future__ import annotations

import numpy as np

from slim_split_ros.wire.entropy_tables import TABLE_TOTAL
from slim_split_ros.wire.table_set import TableSet

# A state of 64 bits, 24 bits of precision, words of 32 bits.
STATE_BITS = 64
PRECISION = 24
WORD_BITS = 32
WORD_MASK = (1 << WORD_BITS) - 1
QUANTILE_MASK = (1 << PRECISION) - 1
TABLE_SHIFT = PRECISION - (TABLE_TOTAL.bit_length() - 1)
STATE_LOW = 1 << (STATE_BITS - WORD_BITS)


def encode(entries: np.ndarray, table_of: np.ndarray, tables: TableSet) -> np.ndarray:
    """
    Encode entries, uint8 (n,), each of its table, uint16 (n,); returns words, uint32.

    Asymmetric numeral systems are a stack, so the last symbol goes in first and the decoder
    reads forward. The first state is 0, not the lowest normal one: a frame saves four bytes.
    **Source:** J. Duda, arXiv:1311.2540, section 3 (rANS), renormalized by words.
    """
    rows = tables.firsts[table_of] + entries
    frequencies = (tables.frequencies[rows].astype(np.int64) << TABLE_SHIFT).tolist()
    starts = (tables.starts[rows].astype(np.int64) << TABLE_SHIFT).tolist()
    state = 0
    words: list[int] = []
    for frequency, start in zip(reversed(frequencies), reversed(starts), strict=True):
        if state >= frequency << STATE_BITS - PRECISION:
            words.append(state & WORD_MASK)
            state >>= WORD_BITS
        quotient, remainder = divmod(state, frequency)
        state = quotient << PRECISION | start + remainder
    while state:
        words.append(state & WORD_MASK)
        state >>= WORD_BITS
    return np.array(words, np.uint32)


class Reader:
    """Take entries off a stream of words, first one first."""

    def __init__(self, words: np.ndarray, tables: TableSet) -> None:
        self._entry_of = tables.entry_of
        self._firsts: list[int] = tables.firsts.tolist()
        self._frequencies: list[int] = tables.frequencies.tolist()
        self._starts: list[int] = tables.starts.tolist()
        self._stack: list[int] = words.tolist()
        self._state = self._stack.pop() if self._stack else 0
        if self._stack:
            self._state = self._state << WORD_BITS | self._stack.pop()

    def read(self, table_of: np.ndarray) -> np.ndarray:
        """Return the next entries, one of each table named: uint16 (n,) gives uint8 (n,)."""
        return np.array([self.next(table) for table in table_of.tolist()], np.uint8)

    def next(self, table: int) -> int:
        """Return the next entry, of this table."""
        state = self._state
        quantile = state & QUANTILE_MASK
        entry = int(self._entry_of[table, quantile >> TABLE_SHIFT])
        row = self._firsts[table] + entry
        state = (state >> PRECISION) * (self._frequencies[row] << TABLE_SHIFT) + quantile - (
            self._starts[row] << TABLE_SHIFT)
        if state < STATE_LOW and self._stack:
            state = state << WORD_BITS | self._stack.pop()
        self._state = state
        return entry

    def is_used_up(self) -> bool:
        """Tell whether the words held exactly what was read."""
        return not self._stack and not self._state
