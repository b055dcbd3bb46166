"""How do symbols become a stream, with one static table a latent channel?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from slim_split_ros.wire.ans_stream import StreamReader, is_native, write_stream
from slim_split_ros.wire.entropy_tables import ChannelTables
from slim_split_ros.wire.neighbours import from_differences, to_differences
from slim_split_ros.wire.table_set import TableSet


def encode_symbols(
    symbols: np.ndarray, tables: ChannelTables, native: bool | None = None
) -> bytes:
    """
    Encode int8 (C, h, w) with one table a channel.

    `native` chooses the compiled coder (True) or plain Python (False); the bytes are the same. By
    default it is the compiled one where there is one.
    """
    prepared = _prepare(tables)
    if len(prepared.differing):
        symbols = symbols.copy()
        symbols[prepared.differing] = to_differences(symbols[prepared.differing])
    return write_stream(
        symbols.ravel(), _table_of(symbols.shape), prepared.tables, is_native(native))


def decode_symbols(
    stream: bytes, shape: tuple[int, int, int], tables: ChannelTables, native: bool | None = None
) -> np.ndarray:
    """Decode int8 (C, h, w); raises PayloadError unless the stream holds exactly that."""
    prepared = _prepare(tables)
    reader = StreamReader(
        stream, shape[0] * shape[1] * shape[2], prepared.tables, is_native(native))
    symbols = reader.read(_table_of(shape)).reshape(shape)
    reader.finish()
    symbols[prepared.differing] = from_differences(symbols[prepared.differing])
    return symbols


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """Hold what is derived from tables once; `differing` are the channels coded so."""

    tables: TableSet
    differing: np.ndarray


def prepare_tables(tables: ChannelTables) -> None:
    """Derive now what the first frame with these tables would otherwise wait for (20 ms)."""
    _prepare(tables)


@lru_cache(maxsize=256)  # widths times rates, of both sides and a few models
def _prepare(tables: ChannelTables) -> _Prepared:
    return _Prepared(
        TableSet(tables.channels), np.flatnonzero([table.of_differences for table in tables]))


def _table_of(shape: tuple[int, ...]) -> np.ndarray:
    """Return each symbol's table: its channel."""
    return np.repeat(np.arange(shape[0], dtype=np.uint16), shape[1] * shape[2])
