"""
How does the entropy coder run where no native one is installed? In plain Python.

Same stream, bit for bit, as `ans_native.py`; it knows numbers only, no channels and no escapes.
"""

from __future__ import annotations

from itertools import accumulate

import numpy as np

from slim_split_ros.wire.entropy_tables import TABLE_TOTAL, ChannelTable

# A state of 64 bits, 24 bits of precision, words of 32 bits: constriction's stack.AnsCoder.
STATE_BITS = 64
PRECISION = 24
WORD_BITS = 32
WORD_MASK = (1 << WORD_BITS) - 1
QUANTILE_MASK = (1 << PRECISION) - 1
TABLE_SHIFT = PRECISION - (TABLE_TOTAL.bit_length() - 1)
STATE_LOW = 1 << (STATE_BITS - WORD_BITS)


class PythonTable:
    """Hold a table in the forms that the loops below look things up in."""

    __slots__ = ('index_of', 'spans')

    def __init__(self, table: ChannelTable) -> None:
        starts = [0, *accumulate(table.frequencies)]
        # Per entry: frequency and start at full precision, and the state that must flush first.
        self.spans = [
            (n << TABLE_SHIFT, start << TABLE_SHIFT, n << (STATE_BITS - PRECISION + TABLE_SHIFT))
            for n, start in zip(table.frequencies, starts, strict=False)
        ]
        # As bytes: a list would take 32 kB a table, 25 MB for all widths and rates of a model.
        self.index_of = np.repeat(
            np.arange(len(table.frequencies), dtype=np.uint8), table.frequencies).tobytes()


def encode(channels: list[np.ndarray], tables: list[PythonTable]) -> np.ndarray:
    """
    Encode each channel's entry indices; returns words, uint32.

    Asymmetric numeral systems are a stack, so the last symbol goes in first and the decoder
    reads forward. **Source:** J. Duda, arXiv:1311.2540, section 3 (rANS), with the word-wise
    renormalization of constriction 0.5 (its documentation of `stack.AnsCoder`).
    """
    state = 0
    words: list[int] = []
    for indices, table in zip(reversed(channels), reversed(tables), strict=True):
        spans = table.spans
        for index in reversed(indices.tolist()):
            frequency, start, limit = spans[index]
            if state >= limit:
                words.append(state & WORD_MASK)
                state >>= WORD_BITS
            quotient, remainder = divmod(state, frequency)
            state = quotient << PRECISION | start + remainder
    while state:
        words.append(state & WORD_MASK)
        state >>= WORD_BITS
    return np.array(words, np.uint32)


class Reader:
    """Take symbols off a stream of words, first one first."""

    def __init__(self, words: np.ndarray) -> None:
        self._stack: list[int] = words.tolist()
        self._state = self._stack.pop() if self._stack else 0
        if self._stack:
            self._state = self._state << WORD_BITS | self._stack.pop()

    def read(self, table: PythonTable, count: int) -> np.ndarray:
        """Return the next entry indices of a table, int32 (count,)."""
        stack, state = self._stack, self._state
        spans, index_of = table.spans, table.index_of
        indices = [0] * count
        for position in range(count):
            quantile = state & QUANTILE_MASK
            indices[position] = index = index_of[quantile >> TABLE_SHIFT]
            frequency, start, _ = spans[index]
            state = (state >> PRECISION) * frequency + quantile - start
            if state < STATE_LOW and stack:
                state = state << WORD_BITS | stack.pop()
        self._state = state
        return np.array(indices, np.int32)

    def is_used_up(self) -> bool:
        """Tell whether the words held exactly what was read."""
        return not self._stack and not self._state
