"""
How do symbols of a few bits travel without entropy coding? As planes of bits.

The founding paper sends its values so: the size depends on the number of bits alone. That number
belongs to the model and the rate (`manifest.py`) and never to a payload.
"""

from __future__ import annotations

import numpy as np

from slim_split_ros.wire.errors import PayloadError

MAX_BITS = 8  # of an int8


def pack_bits(symbols: np.ndarray, bits: int) -> bytes:
    """
    Pack int8 symbols, any shape, in two's complement of `bits`, the sign's plane first.

    A plane holds one bit of every symbol in reading order, highest bit of a byte first; the
    planes follow each other without a gap, and zero bits fill the last byte. Planes, because
    numpy packs 50,000 symbols of 4 bits so in 0.01 ms and unpacks them in 0.06. Raises
    PayloadError for symbols that need more bits.

    >>> pack_bits(np.array([-2, -1, 0, 1], np.int8), 2).hex()
    'c5'
    """
    limit = 1 << bits - 1
    if symbols.size and not (symbols.min() >= -limit and symbols.max() < limit):
        raise PayloadError(
            f'symbols reach from {symbols.min()} to {symbols.max()}, {bits} bits hold {-limit} '
            f'to {limit - 1}: export the model again')
    places = np.arange(bits - 1, -1, -1, dtype=np.uint8)[:, np.newaxis]
    planes = symbols.reshape(1, -1).view(np.uint8) >> places & 1  # bits, symbols
    return np.packbits(planes).tobytes()


def unpack_bits(stream: bytes, count: int, bits: int) -> np.ndarray:
    """Unpack int8 (count,); raises PayloadError unless the stream holds exactly that."""
    expected_bytes = -(-count * bits // 8)
    if len(stream) != expected_bytes:
        raise PayloadError(
            f'payload holds {len(stream)} bytes, its header implies {expected_bytes} for '
            f'{count} symbols of {bits} bits')
    unpacked = np.unpackbits(np.frombuffer(stream, np.uint8))
    if unpacked[count * bits:].any():
        raise PayloadError('payload does not end with zero bits, which every encoder writes')
    values = np.zeros(count, np.uint8)
    for plane in unpacked[:count * bits].reshape(bits, count):
        values = values << 1 | plane
    # Up against the sign and back again, which repeats it.
    unused = MAX_BITS - bits
    return (values << np.uint8(unused)).view(np.int8) >> np.int8(unused)
