"""
How many bytes does a frame cost on the wire? The message's serialized size, without ROS.

It counts what is handed to the middleware, and nothing that DDS, UDP or IP add below.
"""

from __future__ import annotations

ENCAPSULATION_BYTES = 4  # representation identifier and options, before the first field
TIME_BYTES = 8
LENGTH_BYTES = 4
# sequence, four sizes, width: from one 4-byte boundary to another.
SIZES_BYTES = 4 + 4 * 2 + 4
RATE_BYTES = 1 + 1  # rate, frames_back
# fingerprint, encode_ms, checksum, chunk_index, chunk_count.
IDENTITY_BYTES = 8 + 4 + 4 + 2 + 2


def encoded_frame_bytes(frame_id: str, payload_bytes: int) -> int:
    """
    Return the bytes of a serialized EncodedFrame with this frame_id and payload.

    **Source:** OMG DDSI-RTPS 2.3, 10.2 and CORBA 3.3 part 2, 9.3: classic CDR, where a primitive
    lies at a multiple of its own size counted from after the encapsulation header. A test
    compares it with rclpy's `serialize_message`.

    >>> encoded_frame_bytes('camera', 1000)
    1076
    """
    size = TIME_BYTES + LENGTH_BYTES + len(frame_id.encode()) + 1  # std_msgs/Header, its NUL
    size = _align(size, 4) + TIME_BYTES + SIZES_BYTES + RATE_BYTES
    size = _align(size, 8) + IDENTITY_BYTES
    return ENCAPSULATION_BYTES + size + LENGTH_BYTES + payload_bytes


def answer_bytes(detections: int, tag_bytes: int = 0) -> int:
    """
    Return the bytes of a serialized Answer with so many boxes; see `encoded_frame_bytes`.

    >>> answer_bytes(20), answer_bytes(20, tag_bytes=12)
    (284, 296)
    """
    # sender_start, stamp, sequence, class_names, corners of 8 bytes a box, scores, labels, tag.
    size = 2 * TIME_BYTES + 4 + 4 + LENGTH_BYTES + 8 * detections
    for _ in range(2):
        size = _align(size + LENGTH_BYTES + 2 * detections, 4)
    return ENCAPSULATION_BYTES + size + LENGTH_BYTES + tag_bytes


def link_report_bytes(arrivals: int, tag_bytes: int = 0) -> int:
    """
    Return the bytes of a serialized LinkReport on so many frames; see `encoded_frame_bytes`.

    >>> link_report_bytes(32), link_report_bytes(32, tag_bytes=12)
    (712, 724)
    """
    # stamp, sender_start, report_sequence; receiver_id, sent_s, decoded_sequence.
    size = _align(2 * TIME_BYTES + 4, 8) + 3 * 8
    size = _align(size + LENGTH_BYTES + 4 * arrivals, 4) + LENGTH_BYTES
    size = _align(size, 8) + 8 * arrivals
    size += 2 * (LENGTH_BYTES + 4 * arrivals)
    return ENCAPSULATION_BYTES + size + LENGTH_BYTES + tag_bytes


def _align(offset: int, multiple: int) -> int:
    return -(-offset // multiple) * multiple
