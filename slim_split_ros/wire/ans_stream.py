"""
How do streams of symbols become bytes? Escapes first, then words of an entropy coder (ANS).

Layout: the number of escaped symbols (LEB128), their values (int8, in reading order), then the
words (uint32, little-endian) without the zero bytes at their end. It checks what it decodes.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from slim_split_ros.wire import ans_python, entropy_native
from slim_split_ros.wire.errors import PayloadError
from slim_split_ros.wire.table_set import TableSet

WORD_BYTES = 4
# LEB128 takes 7 bits a byte; 4 bytes count more symbols than any frame has.
MAX_COUNT_BYTES = 4


def write_stream(
    symbols: np.ndarray, table_of: np.ndarray, tables: TableSet, native: bool
) -> bytes:
    """Encode symbols, int8 (n,), each with the table of a number, uint16 (n,)."""
    escapes = tables.escapes[table_of]
    entries = symbols - tables.offsets[table_of]
    # As unsigned numbers, those below the alphabet are far above it.
    outside = entries.view(np.uint32) >= escapes.view(np.uint32)
    escaped = symbols[outside].tobytes()
    if escaped:
        np.copyto(entries, escapes, where=outside)
    return join_stream(escaped, _coder(native).encode(entries.astype(np.uint8), table_of, tables))


def join_stream(escaped: bytes, words: np.ndarray) -> bytes:
    """Lay out a stream of escaped symbols and words, uint32 (n,)."""
    return _encode_count(len(escaped)) + escaped + words.astype('<u4').tobytes().rstrip(b'\0')


class StreamReader:
    """
    Decode symbols one after the other.

    Raises PayloadError for bytes that no encoder writes; `finish` must be called after the last.
    """

    def __init__(
        self, stream: bytes, most_symbols: int, tables: TableSet, native: bool
    ) -> None:
        self._stream = stream
        self._escaped, words = split_stream(stream, most_symbols)
        self._taken = 0
        self._tables = tables
        self._reader = _coder(native).Reader(words, tables)

    def read(self, table_of: np.ndarray) -> np.ndarray:
        """Return the next symbols, one of each table named: uint16 (n,) gives int8 (n,)."""
        entries = self._reader.read(table_of)
        offsets, escapes = self._tables.offsets[table_of], self._tables.escapes[table_of]
        symbols = (entries + offsets).astype(np.int8)
        places = np.flatnonzero(entries == escapes)
        if len(places):
            self._place_escaped(symbols, places, offsets[places], escapes[places])
        return symbols

    def read_one(self, table: int) -> int:
        """Return the next symbol, of this table; only the plain Python coder does."""
        entry = self._reader.next(table)
        offset, escape = self._tables.limits[table]
        if entry != escape:
            return offset + entry
        symbols = np.zeros(1, np.int8)
        self._place_escaped(symbols, np.array([0]), np.array([offset]), np.array([escape]))
        return int(symbols[0])

    def finish(self) -> None:
        """Check that nothing is left over."""
        check_end(self._stream, self._reader.is_used_up(), len(self._escaped), self._taken)

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


def split_stream(stream: bytes, most_symbols: int) -> tuple[np.ndarray, np.ndarray]:
    """Return escaped symbols, int8 (n,), and words, uint32 (m,), of what `join_stream` gave."""
    count, start = _decode_count(stream)
    if count > min(most_symbols, len(stream) - start):
        raise PayloadError(
            f'payload announces {count} escaped symbols, has {len(stream) - start} bytes left '
            f'for {most_symbols} symbols')
    return np.frombuffer(stream, np.int8, count, start), _words(stream[start + count:])


def check_end(stream: bytes, is_used_up: bool, escaped: int, taken: int) -> None:
    """Refuse a stream that does not end with its last symbol, or has too many escaped ones."""
    if not is_used_up:
        raise PayloadError(
            f'payload of {len(stream)} bytes does not end with its last symbol: it was cut, '
            'changed, or made with other entropy tables')
    if taken != escaped:
        raise PayloadError(
            f'payload has {escaped} escaped symbols, its stream asks for {taken}')


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
    return entropy_native if native else ans_python


def is_native(native: bool | None) -> bool:
    """Resolve a caller's choice: by default the compiled coder, where there is one."""
    return entropy_native.native_coder().library is not None if native is None else native
