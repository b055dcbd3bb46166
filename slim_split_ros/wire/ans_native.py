"""
How does the entropy coder run at full speed? On `constriction`, where its wheel exists.

Same stream, bit for bit, as `ans_python.py`; the interfaces are the same too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from slim_split_ros.wire.entropy_tables import TABLE_TOTAL, ChannelTable


def native_table(table: ChannelTable) -> Any:
    """
    Return constriction's model of a table.

    `perfect=True`: constriction keeps n/4096 exactly; without it the fast approximation moves
    probability between entries, and the streams of the two coders differ.
    """
    import constriction

    probabilities = np.array(table.frequencies, np.float64) / TABLE_TOTAL
    return constriction.stream.model.Categorical(probabilities, perfect=True)


def encode(channels: list[np.ndarray], tables: list[Any]) -> np.ndarray:
    """Encode each channel's entry indices, int32; returns words, uint32."""
    import constriction

    coder = constriction.stream.stack.AnsCoder()
    for indices, table in zip(reversed(channels), reversed(tables), strict=True):
        coder.encode_reverse(indices, table)
    return coder.get_compressed()


class Reader:
    """Take symbols off a stream of words, first one first."""

    def __init__(self, words: np.ndarray) -> None:
        import constriction

        self._coder = constriction.stream.stack.AnsCoder(words)

    def read(self, table: Any, count: int) -> np.ndarray:
        """Return the next entry indices of a table, int32 (count,)."""
        indices: np.ndarray = self._coder.decode(table, count)
        return indices

    def is_used_up(self) -> bool:
        """Tell whether the words held exactly what was read."""
        return bool(self._coder.is_empty())
