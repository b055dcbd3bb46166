"""How do symbols become a stream, with one static table a latent channel?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from slim_split_ros.wire.ans_stream import (
    PreparedTable,
    StreamReader,
    has_native_coder,
    prepare_table,
    write_streams,
)
from slim_split_ros.wire.entropy_tables import ChannelTables
from slim_split_ros.wire.neighbours import from_differences, to_differences


def encode_symbols(
    symbols: np.ndarray, tables: ChannelTables, native: bool | None = None
) -> bytes:
    """
    Encode int8 (C, h, w) with one table a channel.

    `native` chooses constriction (True) or plain Python (False); the bytes are the same. By
    default it is constriction where that is installed.
    """
    prepared = _prepare(tables, _is_native(native))
    if len(prepared.differing):
        symbols = symbols.copy()
        symbols[prepared.differing] = to_differences(symbols[prepared.differing])
    return write_streams(
        list(symbols.reshape(len(symbols), -1)), prepared.tables, _is_native(native))


def decode_symbols(
    stream: bytes, shape: tuple[int, int, int], tables: ChannelTables, native: bool | None = None
) -> np.ndarray:
    """Decode int8 (C, h, w); raises PayloadError unless the stream holds exactly that."""
    prepared = _prepare(tables, _is_native(native))
    reader = StreamReader(stream, shape[0] * shape[1] * shape[2], _is_native(native))
    symbols = reader.read(prepared.tables, [shape[1] * shape[2]] * shape[0]).reshape(shape)
    reader.finish()
    symbols[prepared.differing] = from_differences(symbols[prepared.differing])
    return symbols


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """Hold what is derived from tables once; `differing` are the channels coded so."""

    tables: list[PreparedTable]
    differing: np.ndarray


def prepare_tables(tables: ChannelTables, native: bool | None = None) -> None:
    """Derive now what the first frame with these tables would otherwise wait for (20 ms)."""
    _prepare(tables, _is_native(native))


@lru_cache(maxsize=256)  # widths times rates, of both sides and a few models
def _prepare(tables: ChannelTables, native: bool) -> _Prepared:
    return _Prepared(
        [prepare_table(table, native) for table in tables],
        np.flatnonzero([table.of_differences for table in tables]))


def _is_native(native: bool | None) -> bool:
    return has_native_coder() if native is None else native
