"""
What every frame says about itself, and the checksum that tells whether it arrived as sent.

Symbols are `payload.py`'s; the ROS message is built in `ros/` alone.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
import struct
import zlib

from slim_split_ros.wire.errors import ChecksumError, FieldError, PayloadError
from slim_split_ros.wire.fields import (
    MOST_TIME_NS,
    UINT8,
    UINT16,
    UINT32,
    UINT64,
    check_frame_id,
    check_integer,
    check_number,
)
from slim_split_ros.wire.geometry import FrameGeometry

MOST_ENCODE_MS = 2.0**127  # which float32 holds
# Some hundred times the largest frame of a shipped model; bounds what is copied and decoded.
MOST_PAYLOAD_BYTES = 2**24
# sender_start_ns, sequence, four sizes, width, rate, fingerprint, stamp_ns, encode_ms, chunks,
# bytes of the frame_id that follows.
SEALED_FIELDS = struct.Struct('<qI4HfBQqf2HH')
SEALED_REFERENCE = struct.Struct('<I')


# Anything with the buffer interface and a length in bytes.
Payload = bytes | bytearray | memoryview | array


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """
    Hold the checked header of one frame.

    Times are ROS time in nanoseconds; `encode_ms` is a measurement and may be any finite,
    non-negative number; `frame_id` is the camera's, at most 256 bytes; `reference` is the sequence
    of the earlier frame that this one needs, None where it decodes alone. Raises FieldError naming
    the field that is out of range.
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
    frame_id: str = ''
    reference: int | None = None

    def __post_init__(self) -> None:
        """Check each field against the range of its type in the message and its meaning."""
        check_integer('sender_start_ns', self.sender_start_ns, 0, MOST_TIME_NS)
        check_integer('sequence', self.sequence, 0, UINT32)
        check_number('width', self.width, 0.0, 1.0)
        if not self.width:
            raise FieldError('width is 0.0, must be above 0')
        check_integer('rate', self.rate, 0, UINT8)
        check_integer('fingerprint', self.fingerprint, 0, UINT64)
        check_integer('stamp_ns', self.stamp_ns, 0, MOST_TIME_NS)
        check_number('encode_ms', self.encode_ms, 0.0, MOST_ENCODE_MS)
        check_integer('chunk_count', self.chunk_count, 1, UINT16)
        check_integer('chunk_index', self.chunk_index, 0, self.chunk_count - 1)
        check_frame_id(self.frame_id)
        if self.reference is not None:
            self._check_reference(self.reference)

    def _check_reference(self, reference: int) -> None:
        check_integer('reference', reference, 0, UINT32)
        # Sequences start again at 0 after the last one.
        if not 0 < (self.sequence - reference) % (UINT32 + 1) <= UINT8:
            raise FieldError(
                f'reference is {reference}, must be one of the {UINT8} frames before '
                f'{self.sequence}')

    @property
    def frames_back(self) -> int:
        """Count from this frame to the one that it needs; 0: it decodes alone."""
        return 0 if self.reference is None else (self.sequence - self.reference) % (UINT32 + 1)


def find_reference(sequence: int, frames_back: int) -> int | None:
    """Return the sequence of the frame that one needs, None where it decodes alone."""
    return (sequence - frames_back) % (UINT32 + 1) if frames_back else None


@dataclass(frozen=True, slots=True)
class Frame:
    """Hold a frame as it travels: its header and its payload."""

    header: FrameHeader
    payload: bytes


def seal(header: FrameHeader, payload: Payload) -> int:
    """
    Return the checksum that travels with a frame: CRC-32 over header fields and payload.

    Width and encode time enter as the message's float32, so that both sides hash the same bits.
    A frame that decodes alone is sealed as it was before frames had references, so that recorded
    ones stay whole.
    """
    return zlib.crc32(payload, zlib.crc32(header_bytes(header)))


def header_bytes(header: FrameHeader) -> bytes:
    """Return all fields of a header as the checksum, and the tag of a key, cover them."""
    reference = b''
    if header.reference is not None:
        reference = SEALED_REFERENCE.pack(header.reference)
    geometry, frame_id = header.geometry, header.frame_id.encode()
    fields = SEALED_FIELDS.pack(
        header.sender_start_ns, header.sequence,
        geometry.image_width, geometry.image_height, geometry.input_width, geometry.input_height,
        header.width, header.rate, header.fingerprint, header.stamp_ns, header.encode_ms,
        header.chunk_index, header.chunk_count, len(frame_id))
    return reference + fields + frame_id


def check(header: FrameHeader, payload: Payload, checksum: int) -> None:
    """
    Raise ChecksumError unless `checksum` is what `seal` gives.

    Raises PayloadError for a payload beyond any frame's size, before reading it.
    """
    if len(payload) > MOST_PAYLOAD_BYTES:
        raise PayloadError(
            f'payload of frame {header.sequence} has {len(payload)} bytes, must have at most '
            f'{MOST_PAYLOAD_BYTES}')
    computed = seal(header, payload)
    if computed != checksum:
        raise ChecksumError(
            f'checksum of frame {header.sequence} is 0x{computed:08x}, its header says '
            f'0x{checksum:08x}: the frame was damaged on its way or is of another version of this '
            'package, and is dropped')
