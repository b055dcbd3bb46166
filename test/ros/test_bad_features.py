"""Tests of frames that must not be served: the next good one is, whatever came before."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from copy import deepcopy
import random
import struct

import pytest
from rclpy.publisher import Publisher

from slim_split_ros.msg import EncodedFrame
from slim_split_ros.ros.topics.messages import frame_message, to_ns, to_stamp
from slim_split_ros.weights import SHIPPED_MODELS
from slim_split_ros.wire import Frame, FrameGeometry, FrameHeader, load_manifest
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
    return frame_message(Frame(FrameHeader(**fields), payload), message.header)


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


def of_the_shipped_model(message: EncodedFrame) -> EncodedFrame:
    shipped = load_manifest(SHIPPED_MODELS['robocup']).fingerprint
    return sealed(message, message.payload.tobytes(), fingerprint=shipped)


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


def of_a_long_name(message: EncodedFrame) -> EncodedFrame:
    message.header.frame_id = 'x' * 300
    return message


def of_a_second_too_long(message: EncodedFrame) -> EncodedFrame:
    message.header.stamp.sec -= 1
    message.header.stamp.nanosec += 10**9
    return message


def of_another_coder(message: EncodedFrame) -> EncodedFrame:
    return sealed(message, b'\x00' + message.payload.tobytes()[1:])


# A reason is logged once in 5 s: those of one reason stand apart, so that they wait together.
BAD: dict[Callable[[EncodedFrame], EncodedFrame], str] = {
    cut: 'checksum of frame', emptied: 'payload is empty',
    of_another_model: 'fingerprint of the frame is 0000000000001234',
    of_an_unknown_width: 'width is 0.3, the model has', without_size: 'image_width is 0',
    flipped: 'checksum of frame', of_a_later_version: 'payload names coder 99',
    of_the_shipped_model: 'that model is the shipped one, model:=robocup',
    of_an_unknown_rate: 'rate is 200, the model has', width_that_is_no_number: 'width is nan',
    under_another_name: 'checksum of frame', of_another_coder: 'payload names coder 0',
    one_chunk_of_three: 'chunk_count is 3', of_a_long_name: 'has 300 bytes, must have at most',
    of_a_second_too_long: 'stamp.nanosec is 1',
}


@pytest.fixture(scope='module')
def publisher(system: SplitSystem) -> Publisher:
    """Give a publisher of features that the offboard node hears."""
    publisher = system.peer.publisher(EncodedFrame, 'features', SENSOR_DATA)
    good = system.feature_of(system.show_patch())
    before = len(system.detections)
    system.peer.repeat(
        lambda: publisher.publish(good), lambda: len(system.detections) > before, 'being heard')
    return publisher


@pytest.mark.parametrize('spoil', BAD)
def test_a_bad_frame_is_refused_and_explained_and_the_next_good_one_is_served(
    system: SplitSystem, publisher: Publisher, spoil: Callable[[EncodedFrame], EncodedFrame]
) -> None:
    good = system.feature_of(system.show_patch())
    bad = deepcopy(good)
    bad.header.stamp = to_stamp(bad_ns := system.next_stamp_ns())
    bad = spoil(sealed(bad, bad.payload.tobytes()))
    seen = len(system.offboard.output)

    system.peer.repeat(
        lambda: publisher.publish(bad), lambda: BAD[spoil] in system.offboard.output[seen:],
        f'the sentence {BAD[spoil]!r}')

    good.header.stamp = to_stamp(good_ns := system.next_stamp_ns())
    publisher.publish(sealed(good, good.payload.tobytes()))
    system.peer.wait(lambda: system.detections_of(good_ns), 'detections of a good frame')
    assert system.detections_of(good_ns)[0].detections
    assert not system.detections_of(bad_ns)
    assert 'Traceback' not in system.offboard.output


def test_a_frame_decodes_without_any_before_it(
    system: SplitSystem, publisher: Publisher
) -> None:
    good = system.feature_of(system.show_patch())
    stamp_ns = system.next_stamp_ns()
    good.header.stamp = to_stamp(stamp_ns)
    alone = sealed(
        good, good.payload.tobytes(), sequence=4_000_000_000, sender_start_ns=5)
    system.peer.repeat(
        lambda: publisher.publish(alone), lambda: system.detections_of(stamp_ns), 'detections')
    assert system.detections_of(stamp_ns)[0].detections


def test_random_bytes_in_every_field_never_stop_the_node(
    system: SplitSystem, publisher: Publisher
) -> None:
    generator = random.Random(5)
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
