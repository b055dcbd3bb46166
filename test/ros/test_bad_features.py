"""Tests of frames that must not be served: the next good one is, whatever came before."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from copy import deepcopy
import struct

import pytest

from slim_split_ros.msg import EncodedFrame
from slim_split_ros.ros.messages import frame_message, to_ns, to_stamp
from slim_split_ros.wire import EncodedPayload, FrameGeometry, FrameHeader
from support.split_system import SENSOR_DATA, SplitSystem

pytestmark = pytest.mark.ros


def sealed(message: EncodedFrame, payload: bytes, **changes: object) -> EncodedFrame:
    """Make a frame anew whose checksum holds, with other fields or payload."""
    fields = {
        'sender_start_ns': to_ns(message.sender_start), 'sequence': message.sequence,
        'geometry': FrameGeometry(message.image_width, message.image_height,
                                  message.input_width, message.input_height),
        'width': message.width, 'rate': message.rate, 'fingerprint': message.fingerprint,
        'stamp_ns': to_ns(message.header.stamp), 'encode_ms': message.encode_ms,
        'frame_id': message.header.frame_id, **changes}
    return frame_message(EncodedPayload(FrameHeader(**fields), payload), message.header)


def cut(message: EncodedFrame) -> EncodedFrame:
    message.payload = message.payload[:-5]
    return message


def flipped(message: EncodedFrame) -> EncodedFrame:
    message.payload[len(message.payload) // 2] ^= 0x10
    return message


def emptied(message: EncodedFrame) -> EncodedFrame:
    return sealed(message, b'')


def of_a_later_version(message: EncodedFrame) -> EncodedFrame:
    return sealed(message, b'\x63' + message.payload.tobytes()[1:])


def of_another_model(message: EncodedFrame) -> EncodedFrame:
    return sealed(message, message.payload.tobytes(), fingerprint=0x1234)


def of_an_unknown_width(message: EncodedFrame) -> EncodedFrame:
    return sealed(message, message.payload.tobytes(), width=0.3)


def of_an_unknown_rate(message: EncodedFrame) -> EncodedFrame:
    return sealed(message, message.payload.tobytes(), rate=200)


def one_chunk_of_three(message: EncodedFrame) -> EncodedFrame:
    return sealed(message, message.payload.tobytes(), chunk_count=3)


def without_size(message: EncodedFrame) -> EncodedFrame:
    message.image_width = 0
    return message


def width_that_is_no_number(message: EncodedFrame) -> EncodedFrame:
    message.width = struct.unpack('<f', b'\0\0\xc0\x7f')[0]
    return message


def under_another_name(message: EncodedFrame) -> EncodedFrame:
    message.header.frame_id += 'x'
    return message


def of_a_second_too_long(message: EncodedFrame) -> EncodedFrame:
    message.header.stamp.sec -= 1
    message.header.stamp.nanosec += 10**9
    return message


def of_another_coder(message: EncodedFrame) -> EncodedFrame:
    return sealed(message, b'\x00' + message.payload.tobytes()[1:])


BAD: dict[Callable[[EncodedFrame], EncodedFrame], str] = {
    cut: '(checksum: 1', flipped: '(checksum: ', emptied: '(payload: 1',
    of_a_later_version: '(payload: ', of_another_model: '(model: 1',
    of_an_unknown_width: '(mismatch: 1', of_an_unknown_rate: '(mismatch: ',
    one_chunk_of_three: '(mismatch: ', without_size: '(header: 1',
    width_that_is_no_number: '(header: ', under_another_name: '(checksum: ',
    of_a_second_too_long: '(header: ', of_another_coder: '(payload: ',
}


def test_bad_frames_are_refused_and_explained_and_the_next_one_is_served(
    system: SplitSystem,
) -> None:
    publisher = system.peer.publisher(EncodedFrame, 'features', SENSOR_DATA)
    good = system.feature_of(system.show_patch())

    def answers(message: EncodedFrame) -> bool:
        stamp_ns = system.next_stamp_ns()
        message.header.stamp = to_stamp(stamp_ns)
        publisher.publish(sealed(message, message.payload.tobytes()))
        system.peer.wait(lambda: system.detections_of(stamp_ns), 'detections of a good frame')
        return bool(system.detections_of(stamp_ns)[0].detections)

    system.peer.repeat(
        lambda: publisher.publish(good), lambda: len(system.detections) > 3, 'being heard')
    for spoil, word in BAD.items():
        bad = deepcopy(good)
        bad.header.stamp = to_stamp(stamp_ns := system.next_stamp_ns())
        bad = spoil(sealed(bad, bad.payload.tobytes()))
        publisher.publish(bad)
        assert answers(deepcopy(good)), spoil.__name__
        assert not system.detections_of(stamp_ns), spoil.__name__
        assert word in system.offboard.output or '1' not in word, spoil.__name__
    assert 'Traceback' not in system.offboard.output


def test_a_frame_decodes_without_any_before_it(system: SplitSystem) -> None:
    publisher = system.peer.publisher(EncodedFrame, 'features', SENSOR_DATA)
    good = system.feature_of(system.show_patch())
    stamp_ns = system.next_stamp_ns()
    good.header.stamp = to_stamp(stamp_ns)
    alone = sealed(
        good, good.payload.tobytes(), sequence=4_000_000_000, sender_start_ns=5)
    system.peer.repeat(
        lambda: publisher.publish(alone), lambda: system.detections_of(stamp_ns), 'detections')
    assert system.detections_of(stamp_ns)[0].detections


def test_random_bytes_in_every_field_never_stop_the_node(system: SplitSystem) -> None:
    import random

    generator = random.Random(5)
    publisher = system.peer.publisher(EncodedFrame, 'features', SENSOR_DATA)
    for _ in range(50):
        noise = EncodedFrame(
            sequence=generator.getrandbits(32), rate=generator.getrandbits(8),
            fingerprint=generator.getrandbits(64), checksum=generator.getrandbits(32),
            chunk_index=generator.getrandbits(16), chunk_count=generator.getrandbits(16),
            image_width=generator.getrandbits(16), image_height=generator.getrandbits(16),
            input_width=generator.getrandbits(16), input_height=generator.getrandbits(16),
            width=generator.choice([0.25, -1.0, float('inf'), float('nan')]),
            payload=array('B', generator.randbytes(generator.randrange(500))))
        noise.sender_start.sec = generator.getrandbits(31)
        publisher.publish(noise)
    system.settle()
    assert system.offboard.is_running
    assert 'Traceback' not in system.offboard.output
