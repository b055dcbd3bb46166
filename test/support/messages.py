"""Frames, reports and answers of one sender, and stand-ins for their messages without ROS."""

from __future__ import annotations

from array import array
from types import SimpleNamespace

from slim_split_ros.offboard import Arrival
from slim_split_ros.wire import Frame, FrameGeometry, FrameHeader, frame_fields

# What golden/encoded_frame.bin holds as the middleware has it.
GOLDEN = Frame(
    FrameHeader(
        sender_start_ns=1_795_000_000_123_456_789, sequence=7,
        geometry=FrameGeometry.fit(640, 480, 416, 32), width=0.75, rate=1,
        fingerprint=0xfedcba9876543210, stamp_ns=1_795_000_001_000_000_003, encode_ms=1.2345678,
        frame_id='camera', reference=5),
    bytes(range(40)))
_NS_PER_S = 1_000_000_000


def stamp(time_ns: int) -> SimpleNamespace:
    """Stand in for builtin_interfaces/Time."""
    return SimpleNamespace(sec=time_ns // _NS_PER_S, nanosec=time_ns % _NS_PER_S)


def frame_message(frame: Frame) -> SimpleNamespace:
    """Stand in for EncodedFrame."""
    header = frame.header
    return SimpleNamespace(
        header=SimpleNamespace(stamp=stamp(header.stamp_ns), frame_id=header.frame_id),
        sender_start=stamp(header.sender_start_ns), payload=array('B', frame.payload),
        **frame_fields(frame))


def report_message(
    sender_start_ns: int, receiver_id: int, number: int, sent_s: float,
    arrivals: list[Arrival] | tuple[Arrival, ...],
) -> SimpleNamespace:
    """Stand in for LinkReport, without a tag."""
    return SimpleNamespace(
        stamp=stamp(number + 1), sender_start=stamp(sender_start_ns), report_sequence=number,
        receiver_id=receiver_id, sent_s=sent_s, decoded_sequence=-1,
        sequence=array('I', [arrival.sequence for arrival in arrivals]),
        arrival_s=array('d', [arrival.arrival_s for arrival in arrivals]),
        bytes=array('I', [arrival.message_bytes for arrival in arrivals]),
        server_ms=array('f', [1e3 * arrival.server_s for arrival in arrivals]), tag=b'')


def answer_message(sender_start_ns: int, stamp_ns: int, sequence: int) -> SimpleNamespace:
    """Stand in for Answer, of two boxes and without a tag."""
    return SimpleNamespace(
        sender_start=stamp(sender_start_ns), stamp=stamp(stamp_ns), sequence=sequence,
        class_names=5, corners=array('H', range(8)), scores=array('H', [40_000, 30_000]),
        labels=array('H', [1, 0]), tag=b'')
