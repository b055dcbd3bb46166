"""
A checked frame as bytes for another process of the server's side, and back.

Between robot and server travels the ROS message; this holds the same fields, under the same
checksum, where no ROS is.
"""

from __future__ import annotations

import struct

from slim_split_ros.wire.errors import FieldError
from slim_split_ros.wire.geometry import FrameGeometry
from slim_split_ros.wire.header import (
    SEALED_FIELDS,
    Frame,
    FrameHeader,
    check,
    find_reference,
    header_bytes,
    seal,
)

# Checksum, frames back to the one that it needs.
_PREFIX = struct.Struct('<IB')
_START = _PREFIX.size + SEALED_FIELDS.size


def pack_frame(frame: Frame) -> bytes:
    """Return a frame as bytes: prefix, fields of the header, its frame_id, payload."""
    header = frame.header
    frame_id_bytes = len(header.frame_id.encode())
    fields = header_bytes(header)[-SEALED_FIELDS.size - frame_id_bytes:]
    return _PREFIX.pack(seal(header, frame.payload), header.frames_back) + fields + frame.payload


def unpack_frame(data: bytes | memoryview) -> Frame:
    """Return the checked frame; raise WireError for bytes that are none."""
    data = bytes(data)
    if len(data) < _START:
        raise FieldError(f'a frame has {len(data)} bytes, its header alone takes {_START}')
    checksum, frames_back = _PREFIX.unpack_from(data)
    (start_ns, sequence, image_width, image_height, input_width, input_height, width, rate,
     fingerprint, stamp_ns, encode_ms, chunk_index, chunk_count, frame_id_bytes,
     ) = SEALED_FIELDS.unpack_from(data, _PREFIX.size)
    try:
        frame_id = data[_START:_START + frame_id_bytes].decode()
    except UnicodeDecodeError as error:
        raise FieldError(f'frame_id is not text: {error}') from error
    header = FrameHeader(
        sender_start_ns=start_ns, sequence=sequence,
        geometry=FrameGeometry(image_width, image_height, input_width, input_height),
        width=width, rate=rate, fingerprint=fingerprint, stamp_ns=stamp_ns, encode_ms=encode_ms,
        chunk_index=chunk_index, chunk_count=chunk_count, frame_id=frame_id,
        reference=find_reference(sequence, frames_back))
    payload = data[_START + frame_id_bytes:]
    check(header, payload, checksum)
    return Frame(header, payload)
