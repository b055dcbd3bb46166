"""
How do symbols become a stream? Asymmetric numeral systems, one static table a channel.

Layout: the number of escaped symbols (LEB128), their values (int8, in reading order), then the
words (uint32, little-endian) without the zero bytes at their end. It checks what it decodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from slim_split_ros.wire import ans_native, ans_python
from slim_split_ros.wire.entropy_tables import ChannelTables
from slim_split_ros.wire.errors import PayloadError
from slim_split_ros.wire.neighbours import from_differences, to_differences

WORD_BYTES = 4
# LEB128 takes 7 bits a byte; 4 bytes count more symbols than any frame has.
MAX_COUNT_BYTES = 4


def encode_symbols(
    symbols: np.ndarray, tables: ChannelTables, native: bool | None = None
) -> bytes:
    """
    Encode int8 (C, h, w) with one table a channel.

    `native` chooses constriction (True) or plain Python (False); the bytes are the same. By
    default it is constriction where that is installed.
    """
    prepared = _prepare(tables, native)
    if len(prepared.differing):
        symbols = symbols.copy()
        symbols[prepared.differing] = to_differences(symbols[prepared.differing])
    values = symbols.reshape(len(symbols), -1)
    indices = values - prepared.offsets
    # As unsigned numbers, those below the alphabet are far above it.
    outside = indices.view(np.uint32) >= prepared.escapes
    escaped = values[outside].tobytes()
    if escaped:
        np.copyto(indices, prepared.escapes.view(np.int32), where=outside)
    words = _coder(native).encode(list(indices), prepared.models)
    return _encode_count(len(escaped)) + escaped + words.astype('<u4').tobytes().rstrip(b'\0')


def decode_symbols(
    stream: bytes, shape: tuple[int, int, int], tables: ChannelTables, native: bool | None = None
) -> np.ndarray:
    """Decode int8 (C, h, w); raises PayloadError unless the stream holds exactly that."""
    count, start = _decode_count(stream)
    symbols_per_channel = shape[1] * shape[2]
    if count > min(shape[0] * symbols_per_channel, len(stream) - start):
        raise PayloadError(
            f'payload announces {count} escaped symbols, has {len(stream) - start} bytes left '
            f'for {shape[0] * symbols_per_channel} symbols')
    plain = np.frombuffer(stream, np.int8, count, start)
    prepared = _prepare(tables, native)
    channels, used_up = _coder(native).decode(
        _words(stream[start + count:]), prepared.models, symbols_per_channel)
    if not used_up:
        raise PayloadError(
            f'payload of {len(stream)} bytes does not end with its last symbol: it was cut, '
            'changed, or made with other entropy tables')
    indices = np.stack(channels)
    symbols = (indices + prepared.offsets).astype(np.int8)
    _place_escaped(symbols, indices.view(np.uint32) == prepared.escapes, plain, prepared)
    symbols = symbols.reshape(shape)
    symbols[prepared.differing] = from_differences(symbols[prepared.differing])
    return symbols


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """
    Hold what is derived from tables once: offsets and escapes (C, 1), a model a channel.

    `differing` are the indices of the channels that are coded as differences.
    """

    offsets: np.ndarray
    escapes: np.ndarray
    models: list[Any]
    differing: np.ndarray


def _place_escaped(
    symbols: np.ndarray, places: np.ndarray, plain: np.ndarray, prepared: _Prepared
) -> None:
    wanted = np.count_nonzero(places)
    if wanted != len(plain):
        raise PayloadError(
            f'payload has {len(plain)} escaped symbols, its stream asks for {wanted}')
    if wanted:
        symbols[places] = plain
        if np.any(((symbols - prepared.offsets).view(np.uint32) < prepared.escapes) & places):
            raise PayloadError('payload escapes a symbol that its entropy table holds')


def _words(tail: bytes) -> np.ndarray:
    if tail.endswith(b'\0'):
        raise PayloadError('payload ends with a zero byte, which no encoder writes')
    return np.frombuffer(tail + bytes(-len(tail) % WORD_BYTES), '<u4').astype(np.uint32)


def _encode_count(count: int) -> bytes:
    encoded = bytearray()
    while count > 0x7F:
        encoded.append(count & 0x7F | 0x80)
        count >>= 7
    encoded.append(count)
    return bytes(encoded)


def _decode_count(stream: bytes) -> tuple[int, int]:
    """Return the count and where the stream goes on."""
    count = 0
    for position, byte in enumerate(stream[:MAX_COUNT_BYTES]):
        count |= (byte & 0x7F) << 7 * position
        if not byte & 0x80:
            if position and not byte:
                raise PayloadError('payload pads its count of escaped symbols')
            return count, position + 1
    raise PayloadError(f'payload of {len(stream)} bytes ends within its count of escaped symbols')


def _coder(native: bool | None) -> ModuleType:
    return ans_native if _is_native(native) else ans_python


def prepare_tables(tables: ChannelTables, native: bool | None = None) -> None:
    """Derive now what the first frame with these tables would otherwise wait for (20 ms)."""
    _prepare(tables, native)


def _prepare(tables: ChannelTables, native: bool | None) -> _Prepared:
    return _prepare_once(tables, _is_native(native))


@lru_cache(maxsize=256)  # widths times rates, of both sides and a few models
def _prepare_once(tables: ChannelTables, native: bool) -> _Prepared:
    build = ans_native.native_table if native else ans_python.PythonTable
    return _Prepared(
        np.array([[table.offset] for table in tables], np.int32),
        np.array([[table.escape] for table in tables], np.uint32),
        [build(table) for table in tables],
        np.flatnonzero([table.of_differences for table in tables]))


def _is_native(native: bool | None) -> bool:
    return has_native_coder() if native is None else native


@lru_cache(maxsize=1)
def has_native_coder() -> bool:
    """Tell whether `constriction` imports; it has no wheel for aarch64."""
    try:
        import_module('constriction')
    except ImportError:
        return False
    return True
