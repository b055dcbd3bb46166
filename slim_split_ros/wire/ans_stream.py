"""
How do streams of symbols become bytes? Escapes first, then words of an entropy coder (ANS).

Layout: the number of escaped symbols (LEB128), their values (int8, in reading order), then the
words (uint32, little-endian) without the zero bytes at their end. It checks what it decodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from itertools import accumulate, pairwise
from types import ModuleType
from typing import Any

import numpy as np

from slim_split_ros.wire import ans_native, ans_python
from slim_split_ros.wire.entropy_tables import ChannelTable
from slim_split_ros.wire.errors import PayloadError

WORD_BYTES = 4
# LEB128 takes 7 bits a byte; 4 bytes count more symbols than any frame has.
MAX_COUNT_BYTES = 4
NOTHING = np.empty(0, np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class PreparedTable:
    """Hold a table in the form that a coder takes."""

    offset: int
    escape: int
    model: Any


def prepare_table(table: ChannelTable, native: bool) -> PreparedTable:
    """Derive what a coder needs of a table; worth keeping."""
    build = ans_native.native_table if native else ans_python.PythonTable
    return PreparedTable(table.offset, table.escape, build(table))


def write_streams(streams: list[np.ndarray], tables: list[PreparedTable], native: bool) -> bytes:
    """Encode streams of symbols, int8 (n,), each with a table."""
    lengths = [len(stream) for stream in streams]
    values = np.concatenate(streams)
    offsets = np.repeat(np.array([table.offset for table in tables], np.int32), lengths)
    escapes = np.repeat(np.array([table.escape for table in tables], np.int32), lengths)
    indices = values - offsets
    # As unsigned numbers, those below the alphabet are far above it.
    outside = indices.view(np.uint32) >= escapes.view(np.uint32)
    escaped = values[outside].tobytes()
    if escaped:
        np.copyto(indices, escapes, where=outside)
    parts = [indices[first:last] for first, last in pairwise(accumulate(lengths, initial=0))]
    words = _coder(native).encode(parts, [table.model for table in tables])
    return _encode_count(len(escaped)) + escaped + words.astype('<u4').tobytes().rstrip(b'\0')


class StreamReader:
    """
    Decode streams one after the other.

    Raises PayloadError for bytes that no encoder writes; `finish` must be called after the last.
    """

    def __init__(self, stream: bytes, most_symbols: int, native: bool) -> None:
        count, start = _decode_count(stream)
        if count > min(most_symbols, len(stream) - start):
            raise PayloadError(
                f'payload announces {count} escaped symbols, has {len(stream) - start} bytes left '
                f'for {most_symbols} symbols')
        self._size = len(stream)
        self._escaped = np.frombuffer(stream, np.int8, count, start)
        self._taken = 0
        self._reader = _coder(native).Reader(_words(stream[start + count:]))

    def read(self, tables: list[PreparedTable], counts: list[int]) -> np.ndarray:
        """Return the next symbols, so many of each table, one after the other: int8 (n,)."""
        indices = np.concatenate([NOTHING, *(
            self._reader.read(table.model, count)
            for table, count in zip(tables, counts, strict=True))])
        offsets = np.repeat(np.array([table.offset for table in tables], np.int32), counts)
        escapes = np.repeat(np.array([table.escape for table in tables], np.int32), counts)
        symbols = (indices + offsets).astype(np.int8)
        places = np.flatnonzero(indices == escapes)
        if len(places):
            self._place_escaped(symbols, places, offsets[places], escapes[places])
        return symbols

    def finish(self) -> None:
        """Check that nothing is left over."""
        if not self._reader.is_used_up():
            raise PayloadError(
                f'payload of {self._size} bytes does not end with its last symbol: it was cut, '
                'changed, or made with other entropy tables')
        if self._taken != len(self._escaped):
            raise PayloadError(
                f'payload has {len(self._escaped)} escaped symbols, its stream asks for '
                f'{self._taken}')

    def _place_escaped(self, symbols: np.ndarray, places: np.ndarray, offsets: np.ndarray,
                       escapes: np.ndarray) -> None:
        plain = self._escaped[self._taken:self._taken + len(places)]
        if len(plain) != len(places):
            raise PayloadError(
                f'payload has {len(self._escaped)} escaped symbols, its stream asks for '
                f'{self._taken + len(places)} and more')
        self._taken += len(places)
        symbols[places] = plain
        distances = plain.astype(np.int32) - offsets
        if np.any((distances >= 0) & (distances < escapes)):
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


def _coder(native: bool) -> ModuleType:
    return ans_native if native else ans_python


@lru_cache(maxsize=1)
def has_native_coder() -> bool:
    """Tell whether `constriction` imports; it has no wheel for aarch64."""
    try:
        import_module('constriction')
    except ImportError:
        return False
    return True
