"""
The bytes of a frame's symbols, of which the first one says which coder made the rest.

A new entropy coder: a file of its own, a line in `Coder`, a case in each function here.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeVar

import numpy as np

from slim_split_ros.wire import ans_coder, bit_coder, context_coder, zstd_coder
from slim_split_ros.wire.context_tables import ContextTables
from slim_split_ros.wire.entropy_tables import ChannelTables
from slim_split_ros.wire.errors import PayloadError

# A symbol at most costs its escape (12 bits of a table) and a byte; a stream ends with a state of
# 8 bytes and starts with a count of up to 4. zstandard frames and blocks have headers.
MOST_SYMBOL_BYTES = 3
MOST_EXTRA_BYTES = 64

Tables = ChannelTables | ContextTables
AnyTables = TypeVar('AnyTables', ChannelTables, ContextTables)


class Coder(IntEnum):
    """
    Name the coders by the first byte of a payload.

    All but H264, one Annex B access unit that `coders/` makes, code symbols.
    """

    RAW = 0
    ZSTD = 1
    ANS = 2
    BITS = 3
    # 4 was that of levels with static tables.
    H264 = 5
    CONTEXTS = 6


def prepare_payload(tables: Tables) -> None:
    """Derive now what the first frame with these tables would otherwise wait for (20 ms)."""
    if isinstance(tables, ContextTables):
        context_coder.prepare_contexts(tables)
    else:
        ans_coder.prepare_tables(tables)


def pack_symbols(
    symbols: np.ndarray, coder: Coder, tables: Tables | None = None,
    bits: int | None = None, zstd_level: int = zstd_coder.DEFAULT_LEVEL,
) -> bytes:
    """
    Pack int8 (C, h, w).

    `Coder.ANS` needs one table a channel, `Coder.CONTEXTS` tables of contexts, `Coder.BITS` the
    bits a symbol.

    >>> symbols = np.array([[[0, 0, -3], [0, 1, 0]]], np.int8)
    >>> payload = pack_symbols(symbols, Coder.ZSTD)
    >>> np.array_equal(unpack_symbols(payload, (1, 2, 3), Coder.ZSTD), symbols)
    True
    """
    if symbols.dtype != np.int8 or symbols.ndim != 3:
        raise ValueError(
            f'symbols are {symbols.dtype} with {symbols.ndim} dimensions, must be int8 (C, h, w)')
    if coder is Coder.ANS:
        stream = ans_coder.encode_symbols(
            symbols, _require_tables(tables, len(symbols), ChannelTables))
    elif coder is Coder.CONTEXTS:
        stream = context_coder.encode_contexts(
            symbols, _require_tables(tables, len(symbols), ContextTables))
    elif coder is Coder.BITS:
        stream = bit_coder.pack_bits(symbols, _require_bits(bits))
    elif coder is Coder.ZSTD:
        stream = zstd_coder.compress(symbols.tobytes(), zstd_level)
    elif coder is Coder.RAW:
        stream = symbols.tobytes()
    else:
        raise ValueError(f'{coder.name} codes no symbols')
    return bytes([coder]) + stream


def unpack_symbols(
    payload: bytes, shape: tuple[int, int, int], coder: Coder, tables: Tables | None = None,
    bits: int | None = None,
) -> np.ndarray:
    """
    Unpack int8 (C, h, w) of exactly this shape; the result is read-only.

    `coder` is the model's, `tables` and `bits` are what it has for the width and rate.

    Whatever the bytes are, this returns that shape or raises PayloadError, and allocates in
    proportion to `shape`, which comes from a checked header, never from the payload.
    """
    symbols_count = shape[0] * shape[1] * shape[2]
    check_payload_start(payload, coder, symbols_count)
    stream = bytes(payload[1:])
    if coder is Coder.ANS:
        symbols = ans_coder.decode_symbols(
            stream, shape, _require_tables(tables, shape[0], ChannelTables))
    elif coder is Coder.CONTEXTS:
        symbols = context_coder.decode_contexts(
            stream, shape, _require_tables(tables, shape[0], ContextTables))
    elif coder is Coder.BITS:
        symbols = bit_coder.unpack_bits(stream, symbols_count, _require_bits(bits))
    else:
        if coder is Coder.ZSTD:
            stream = zstd_coder.decompress(stream, symbols_count)
        if len(stream) != symbols_count:
            raise PayloadError(
                f'payload holds {len(stream)} symbols, its header implies {symbols_count}')
        symbols = np.frombuffer(stream, np.int8)
    symbols.flags.writeable = False
    return symbols.reshape(shape)


def check_payload_start(payload: bytes, coder: Coder, symbols_count: int) -> None:
    """Raise PayloadError for what another coder made, and for what is too long for any."""
    if not payload:
        raise PayloadError('payload is empty: it must start with the id of its coder')
    if payload[0] != coder:
        raise PayloadError(
            f"payload names coder {payload[0]}, the model's is {coder.value} "
            f'({coder.name.lower()}): give both nodes the same model and version')
    if len(payload) > (limit := MOST_SYMBOL_BYTES * symbols_count + MOST_EXTRA_BYTES):
        raise PayloadError(
            f'payload has {len(payload)} bytes, {symbols_count} symbols take at most {limit}')


def _require_tables(tables: Tables | None, channels: int, kind: type[AnyTables]) -> AnyTables:
    if not isinstance(tables, kind) or len(tables) != channels:
        raise PayloadError(
            f'the coder needs entropy tables for {channels} channels, the model has '
            f'{0 if tables is None else len(tables)} for this width and rate, or of another '
            'kind: export the model again, or pack with zstd')
    return tables


def _require_bits(bits: int | None) -> int:
    if bits is None:
        raise PayloadError(
            'coder BITS needs the bits of a symbol, the model says none for this rate: give both '
            'nodes the same model')
    return bits
