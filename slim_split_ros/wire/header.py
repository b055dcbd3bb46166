"""
What does every frame say about itself, and did it arrive as it was sent?

Symbols are `payload.py`'s; the ROS message is built in `ros/` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
import struct
import zlib

from slim_split_ros.wire.errors import ChecksumError, HeaderError
from slim_split_ros.wire.geometry import FrameGeometry

# Ranges of the message's types.
INT32 = (-(2**31), 2**31 - 1)
UINT8 = (0, 2**8 - 1)
UINT16 = (0, 2**16 - 1)
UINT32 = (0, 2**32 - 1)
UINT64 = (0, 2**64 - 1)
NS_PER_S = 1_000_000_000

# sender_start_ns, sequence, four sizes, width, rate, fingerprint, stamp_ns, encode_ms, chunks.
SEALED_FIELDS = struct.Struct('<qI4HfBQqf2H')


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """
    Hold the checked header of one frame.

    Times are ROS time in nanoseconds; `encode_ms` is a measurement and may be any finite,
    non-negative number. Raises HeaderError naming the field that is out of range.
    """

    sender_start_ns: int
    sequence: int
    geometry: FrameGeometry
    width: float
    rate: int
    fingerprint: int
    stamp_ns: int
    encode_ms: float
    chunk_index: int = 0
    chunk_count: int = 1

    def __post_init__(self) -> None:
        """Check each field against the range of its type in the message and its meaning."""
        for name in ('sender_start_ns', 'stamp_ns'):
            _check_range(name, getattr(self, name), INT32[0] * NS_PER_S, INT32[1] * NS_PER_S)
        _check_range('sequence', self.sequence, *UINT32)
        _check_range('rate', self.rate, *UINT8)
        _check_range('fingerprint', self.fingerprint, *UINT64)
        _check_range('chunk_count', self.chunk_count, 1, UINT16[1])
        _check_range('chunk_index', self.chunk_index, 0, self.chunk_count - 1)
        if not 0.0 < self.width <= 1.0:  # refuses NaN too
            raise HeaderError(f'width is {self.width}, must be above 0 and at most 1')
        if not (math.isfinite(self.encode_ms) and 0.0 <= self.encode_ms < 2.0**127):
            raise HeaderError(f'encode_ms is {self.encode_ms}, must be finite and not negative')


@dataclass(frozen=True, slots=True)
class EncodedPayload:
    """Hold a frame as it travels: its header and its payload."""

    header: FrameHeader
    payload: bytes


def seal(header: FrameHeader, payload: bytes | memoryview) -> int:
    """
    Return the checksum that travels with a frame: CRC-32 over header fields and payload.

    Width and encode time enter as the message's float32, so that both sides hash the same bits.
    """
    geometry = header.geometry
    fields = SEALED_FIELDS.pack(
        header.sender_start_ns, header.sequence,
        geometry.image_width, geometry.image_height, geometry.input_width, geometry.input_height,
        header.width, header.rate, header.fingerprint, header.stamp_ns, header.encode_ms,
        header.chunk_index, header.chunk_count)
    return zlib.crc32(payload, zlib.crc32(fields))


def check(header: FrameHeader, payload: bytes | memoryview, checksum: int) -> None:
    """Raise ChecksumError unless `checksum` is what `seal` gives."""
    computed = seal(header, payload)
    if computed != checksum:
        raise ChecksumError(
            f'checksum of frame {header.sequence} is 0x{computed:08x}, its header says '
            f'0x{checksum:08x}: the frame was damaged on its way, and is dropped')


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise HeaderError(f'{name} is {value}, must be {low} to {high}')
