"""Tests of plain data and messages becoming each other."""

from __future__ import annotations

from dataclasses import replace
import math

from builtin_interfaces.msg import Time
import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Header

from slim_split_ros.msg import EncodedFrame, LinkReport
from slim_split_ros.offboard import Arrival, Report
from slim_split_ros.ros.topics.messages import (
    DetectionWriter,
    frame_message,
    make_image,
    read_report,
    report_data,
    report_message,
    to_ns,
    to_stamp,
)
from slim_split_ros.ros.topics.messages import camera_header as header_of_camera
from slim_split_ros.wire import (
    ChecksumError,
    FieldError,
    Frame,
    FrameGeometry,
    FrameHeader,
    read_frame,
)
from support.split_system import box_rows

pytestmark = pytest.mark.ros

FRAME = Frame(
    FrameHeader(
        sender_start_ns=1_795_000_000_123_456_789, sequence=7,
        geometry=FrameGeometry.fit(640, 480, 416, 32), width=0.75, rate=1,
        fingerprint=0xfedcba9876543210, stamp_ns=1_795_000_001_000_000_003, encode_ms=1.2345678,
        frame_id='camera'),
    bytes(range(200)))


def camera_header() -> Header:
    return Header(stamp=to_stamp(FRAME.header.stamp_ns), frame_id='camera')


@pytest.mark.parametrize('time_ns', [0, 1, 1_795_000_000_999_999_999, -1])
def test_stamps_keep_every_nanosecond(time_ns: int) -> None:
    assert to_ns(to_stamp(time_ns)) == time_ns


def test_a_frame_survives_the_wire() -> None:
    raw = serialize_message(frame_message(FRAME, camera_header()))
    read = read_frame(deserialize_message(raw, EncodedFrame))
    assert read.payload == FRAME.payload
    assert read.header.encode_ms == pytest.approx(FRAME.header.encode_ms)
    for name in ('sender_start_ns', 'sequence', 'geometry', 'width', 'rate', 'fingerprint',
                 'stamp_ns', 'chunk_index', 'chunk_count', 'frame_id'):
        assert getattr(read.header, name) == getattr(FRAME.header, name)
    assert header_of_camera(read.header) == camera_header()


def test_a_frame_that_needs_another_says_so_over_the_wire() -> None:
    frame = Frame(replace(FRAME.header, reference=6), FRAME.payload)
    raw = serialize_message(frame_message(frame, camera_header()))
    message = deserialize_message(raw, EncodedFrame)
    assert (message.sequence, message.frames_back) == (7, 1)
    assert read_frame(message).header.reference == 6
    assert read_frame(frame_message(FRAME, camera_header())).header.reference is None


def test_a_change_of_any_sealed_field_is_seen() -> None:
    message = frame_message(FRAME, camera_header())
    message.frames_back = 5
    with pytest.raises(ChecksumError):
        read_frame(message)
    for name in ('sequence', 'image_height', 'rate', 'fingerprint', 'encode_ms'):
        message = frame_message(FRAME, camera_header())
        setattr(message, name, getattr(message, name) + 1)
        with pytest.raises(ChecksumError):
            read_frame(message)
    message = frame_message(FRAME, camera_header())
    message.header.stamp.nanosec += 1
    with pytest.raises(ChecksumError):
        read_frame(message)
    message = frame_message(FRAME, camera_header())
    message.header.frame_id += '2'
    with pytest.raises(ChecksumError):
        read_frame(message)
    message = frame_message(FRAME, camera_header())
    message.width = 7.0
    with pytest.raises(FieldError, match='width is 7.0'):
        read_frame(message)
    message = frame_message(FRAME, camera_header())
    message.sender_start.nanosec += 1_000_000_000
    with pytest.raises(FieldError, match=r'sender_start\.nanosec is 1'):
        read_frame(message)


def test_a_report_survives_the_wire_with_what_is_not_known_yet() -> None:
    report = Report(FRAME.header.sender_start_ns, 2**64 - 1, 9, 123.456789, (
        Arrival(4, 100.25, 900, 0.025), Arrival(5, 100.5, 950)), decoded_sequence=4)
    raw = serialize_message(report_message(report, stamp_ns=5))
    checked = read_report(deserialize_message(raw, LinkReport))
    read = report_data(checked)
    assert checked.sender_start_ns == FRAME.header.sender_start_ns
    assert (read.receiver_id, read.report_sequence, read.sent_s) == (2**64 - 1, 9, 123.456789)
    assert [(a.sequence, a.arrival_s, a.message_bytes) for a in read.arrivals] == [
        (4, 100.25, 900), (5, 100.5, 950)]
    assert read.arrivals[0].server_s == pytest.approx(0.025)
    assert math.isnan(read.arrivals[1].server_s)
    assert read.decoded_sequence == 4
    nothing_yet = report_message(replace(report, decoded_sequence=-1), stamp_ns=5)
    assert report_data(read_report(nothing_yet)).decoded_sequence is None


@pytest.mark.parametrize(('changes', 'complaint'), [
    ({'sequence': [1, 2, 3]}, r'have \[3, 0, 0, 0\] entries, must have as many'),
    ({'sent_s': math.nan}, 'sent_s is nan'),
    ({'stamp': Time(nanosec=10**9)}, r'stamp\.nanosec is 1000000000'),
    ({'sender_start': Time(sec=-1)}, r'sender_start\.sec is -1'),
])
def test_a_report_that_contradicts_itself_is_refused(
    changes: dict[str, object], complaint: str
) -> None:
    with pytest.raises(FieldError, match=complaint):
        read_report(LinkReport(**changes))


@pytest.mark.parametrize('name', ['sender_start', 'stamp'])
def test_a_frame_whose_stamp_is_no_moment_is_refused(name: str) -> None:
    message = frame_message(FRAME, camera_header())
    stamp = message.sender_start if name == 'sender_start' else message.header.stamp
    # The same moment under another name, so that the checksum holds.
    stamp.sec, stamp.nanosec = stamp.sec - 1, stamp.nanosec + 10**9
    with pytest.raises(FieldError, match=rf'{name}\.nanosec is 1\d+, must be 0 to 999999999'):
        read_frame(message)


def test_a_frame_with_a_name_of_a_kilobyte_is_refused() -> None:
    message = frame_message(FRAME, camera_header())
    message.header.frame_id = 'x' * 1024
    with pytest.raises(FieldError, match='has 1024 bytes, must have at most 256'):
        read_frame(message)


def test_detections_are_written_with_centers_names_and_scores() -> None:
    writer = DetectionWriter(('person', 'ball'))
    boxes = np.array([[10, 20, 30, 40], [1, 2, 3, 4]], np.float32)
    message = writer.write(
        boxes, np.array([0.9, 0.5], np.float32), np.array([1, 0]), camera_header())
    assert message.header.frame_id == 'camera'
    assert box_rows(message) == [
        ('ball', pytest.approx(0.9), 10, 20, 30, 40), ('person', 0.5, 1, 2, 3, 4)]


def test_a_writer_leaves_nothing_of_a_longer_frame() -> None:
    writer = DetectionWriter(('ball',))
    for count in (5, 2, 0, 3):
        message = writer.write(
            np.ones((count, 4), np.float32), np.ones(count, np.float32),
            np.zeros(count, np.int64), Header())
        assert len(message.detections) == count


def test_detections_are_filled_again_since_making_a_hundred_takes_ten_milliseconds() -> None:
    writer = DetectionWriter(('ball',))
    boxes, scores = np.ones((100, 4), np.float32), np.ones(100, np.float32)
    labels = np.zeros(100, np.int64)
    first = list(writer.write(boxes, scores, labels, Header()).detections)
    again = writer.write(2 * boxes, scores, labels, Header()).detections
    assert all(detection is kept for detection, kept in zip(again, first, strict=True))
    assert again[99].bbox.size_x == 2.0


def test_pixels_become_an_image_whatever_their_memory_layout() -> None:
    pixels = np.arange(2 * 4 * 3, dtype=np.uint8).reshape(2, 4, 3)
    for view in (pixels, pixels[:, ::-1], pixels[:, :2]):
        image = make_image(view, Header(frame_id='a'))
        assert (image.height, image.width, image.step) == (2, view.shape[1], view.shape[1] * 3)
        assert image.data.tobytes() == view.tobytes()
