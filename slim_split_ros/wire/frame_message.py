"""
The message of a frame and the frame itself become each other, whoever makes the message.

`rclpy` and `rosbags` have types of their own for one and the same definition; what both share is
here: names of fields and plain values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slim_split_ros.wire.fields import check_time
from slim_split_ros.wire.geometry import FrameGeometry
from slim_split_ros.wire.header import Frame, FrameHeader, check, find_reference, seal


def frame_fields(frame: Frame) -> Mapping[str, int | float]:
    """
    Return the fields of `EncodedFrame` that are plain numbers, the checksum among them.

    Left to the caller are those with types of their own: header, sender_start and payload.
    """
    fields, geometry = frame.header, frame.header.geometry
    return {
        'sequence': fields.sequence,
        'image_width': geometry.image_width, 'image_height': geometry.image_height,
        'input_width': geometry.input_width, 'input_height': geometry.input_height,
        'width': fields.width, 'rate': fields.rate, 'frames_back': fields.frames_back,
        'fingerprint': fields.fingerprint, 'encode_ms': fields.encode_ms,
        'checksum': seal(fields, frame.payload),
        'chunk_index': fields.chunk_index, 'chunk_count': fields.chunk_count}


def read_frame(message: Any) -> Frame:
    """Return the checked frame of an `EncodedFrame`; raise WireError for what cannot be one."""
    start, stamp = message.sender_start, message.header.stamp
    header = FrameHeader(
        sender_start_ns=check_time('sender_start', start.sec, start.nanosec),
        sequence=message.sequence,
        geometry=FrameGeometry(message.image_width, message.image_height,
                               message.input_width, message.input_height),
        width=message.width, rate=message.rate, fingerprint=message.fingerprint,
        stamp_ns=check_time('stamp', stamp.sec, stamp.nanosec), encode_ms=message.encode_ms,
        chunk_index=message.chunk_index, chunk_count=message.chunk_count,
        frame_id=message.header.frame_id,
        reference=find_reference(message.sequence, message.frames_back))
    check(header, message.payload, message.checksum)
    return Frame(header, message.payload.tobytes())
