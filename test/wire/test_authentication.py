"""Tests of tags: who holds the key makes them, and any change of a message is seen."""

from __future__ import annotations

from array import array
from dataclasses import replace
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from slim_split_ros.offboard import Arrival
from slim_split_ros.wire import Coder, Frame, FrameGeometry
from slim_split_ros.wire.authentication import (
    FRAME_TAG_BYTES,
    MARK,
    TAG_BYTES,
    AuthKey,
    TaggedFrame,
    without_tag,
)
from slim_split_ros.wire.errors import KeyFormatError, UnauthenticatedError
from support.messages import GOLDEN, answer_message, report_message, stamp

KEY = AuthKey(bytes(range(16)))
OTHER = AuthKey(bytes(range(1, 17)))
RECEIVER = 0x0123456789abcdef


def report() -> SimpleNamespace:
    message = report_message(5_000_000_007, RECEIVER, 3, 12.5, [
        Arrival(4, 11.0, 900, 0.025), Arrival(5, 11.1, 901)])
    message.tag = KEY.tag_report(message)
    return message


def answer() -> SimpleNamespace:
    message = answer_message(5_000_000_007, 6_000_000_001, 7)
    message.tag = KEY.tag_answer(message)
    return message


def test_a_frame_comes_back_with_the_receiver_that_it_was_made_for() -> None:
    signed = KEY.sign_frame(GOLDEN, RECEIVER)
    assert len(signed.payload) == len(GOLDEN.payload) + FRAME_TAG_BYTES
    assert KEY.open_frame(signed) == TaggedFrame(GOLDEN, RECEIVER)
    assert without_tag(signed) == GOLDEN
    assert without_tag(GOLDEN) is GOLDEN


def test_no_coder_has_the_mark_of_a_tag() -> None:
    assert MARK[0] not in set(Coder)


def test_tags_stay_the_same_from_release_to_release() -> None:
    signed = KEY.sign_frame(GOLDEN, RECEIVER)
    assert signed.payload[:FRAME_TAG_BYTES].hex() == (
        'a5' 'efcdab8967452301' '88c67350b2c42f6234e7c0dc')
    assert (report().tag.hex(), answer().tag.hex()) == (
        '8039e0a21c326791ba2ddb41', '8cb5c533694b8497248d903d')
    assert len(report().tag) == TAG_BYTES


@pytest.mark.parametrize('change', [
    {'sender_start_ns': 5}, {'sequence': 8, 'reference': 6},
    {'geometry': FrameGeometry(641, 480, 416, 320)}, {'width': 0.5}, {'rate': 0},
    {'fingerprint': 0}, {'stamp_ns': 1}, {'encode_ms': 1.6}, {'chunk_count': 2},
    {'frame_id': 'camerb'}, {'frame_id': ''}, {'reference': 6}, {'reference': None}],
    ids=lambda change: next(iter(change)))
def test_any_changed_field_of_a_frame_is_refused(change: dict[str, object]) -> None:
    signed = KEY.sign_frame(GOLDEN, RECEIVER)
    with pytest.raises(UnauthenticatedError, match='the tag of the frame is not of the key here'):
        KEY.open_frame(Frame(replace(signed.header, **change), signed.payload))


@given(st.integers(8, 8 * (FRAME_TAG_BYTES + len(GOLDEN.payload)) - 1))
@settings(deadline=None)
def test_any_flipped_bit_of_receiver_tag_or_payload_is_refused(bit: int) -> None:
    signed = KEY.sign_frame(GOLDEN, RECEIVER)
    payload = bytearray(signed.payload)
    payload[bit // 8] ^= 1 << bit % 8
    with pytest.raises(UnauthenticatedError):
        KEY.open_frame(Frame(signed.header, bytes(payload)))


@given(st.integers(0, FRAME_TAG_BYTES - 1))
@settings(deadline=None)
def test_a_frame_without_a_whole_tag_carries_none(length: int) -> None:
    with pytest.raises(UnauthenticatedError, match='carries no tag: give the onboard node'):
        KEY.open_frame(Frame(GOLDEN.header, KEY.sign_frame(GOLDEN, 1).payload[:length]))


def test_bytes_do_not_move_between_reference_frame_id_and_payload_unseen() -> None:
    signed = KEY.sign_frame(GOLDEN, RECEIVER)
    shorter = Frame(replace(GOLDEN.header, frame_id='camer'), b'a' + GOLDEN.payload)
    assert KEY.sign_frame(shorter, RECEIVER).payload[9:21] != signed.payload[9:21]


@pytest.mark.parametrize(('name', 'value'), [
    ('stamp', stamp(5)), ('sender_start', stamp(5_000_000_008)), ('report_sequence', 4),
    ('receiver_id', 1), ('sent_s', 12.6), ('decoded_sequence', 5), ('sequence', array('I', [4])),
    ('arrival_s', array('d', [11.0, 11.2])), ('bytes', array('I', [900, 902])),
    ('server_ms', array('f', [25.0, 0.0])), ('tag', bytes(TAG_BYTES)), ('tag', b''),
    ('tag', report().tag[:-1]), ('tag', report().tag + b'x'), ('tag', answer().tag)])
def test_any_changed_field_of_a_report_is_refused(name: str, value: object) -> None:
    message = report()
    KEY.check_report(message)
    setattr(message, name, value)
    with pytest.raises(UnauthenticatedError, match='a link report'):
        KEY.check_report(message)


@pytest.mark.parametrize(('name', 'value'), [
    ('stamp', stamp(5)), ('sender_start', stamp(5_000_000_008)), ('sequence', 8),
    ('class_names', 6), ('corners', array('H', range(1, 9))), ('scores', array('H', [1, 0])),
    ('labels', array('H', [0, 1])), ('tag', bytes(TAG_BYTES)), ('tag', b'')])
def test_any_changed_field_of_an_answer_is_refused(name: str, value: object) -> None:
    message = answer()
    KEY.check_answer(message)
    setattr(message, name, value)
    with pytest.raises(UnauthenticatedError, match='an answer'):
        KEY.check_answer(message)


def test_values_do_not_move_between_the_arrays_of_an_answer_unseen() -> None:
    message = answer()
    message.corners, message.scores = array('H', [*message.corners, 40_000]), array('H', [30_000])
    with pytest.raises(UnauthenticatedError):
        KEY.check_answer(message)


def test_a_tag_of_another_key_is_refused() -> None:
    with pytest.raises(UnauthenticatedError, match='give both nodes the same auth_key_file'):
        OTHER.open_frame(KEY.sign_frame(GOLDEN, RECEIVER))
    with pytest.raises(UnauthenticatedError):
        OTHER.check_report(report())
    with pytest.raises(UnauthenticatedError):
        OTHER.check_answer(answer())


@pytest.mark.parametrize('text', [
    '00' * 16, '00' * 32 + '\n', ' ' + 'aB' * 16 + '\r\n', '00' * 200, '00\n' * 16])
def test_a_key_is_a_text_of_at_least_32_hexadecimal_digits(text: str) -> None:
    key = AuthKey.from_text(text)
    same = AuthKey(bytes.fromhex(''.join(text.split())))
    assert same.open_frame(key.sign_frame(GOLDEN, 1)).frame == GOLDEN


@pytest.mark.parametrize(('text', 'words'), [
    ('', '0 bytes, must have at least 16'), ('00' * 15, '15 bytes'), ('0' * 33, 'two a byte'),
    ('secret password of the team!!!!!', 'hexadecimal'), ('\x00' * 32, 'hexadecimal'),
    ('0x' + '00' * 16, 'hexadecimal'), ('ü' * 32, 'hexadecimal')])
def test_any_other_text_is_no_key(text: str, words: str) -> None:
    with pytest.raises(KeyFormatError, match=words):
        AuthKey.from_text(text)


def test_no_byte_of_a_long_key_is_without_effect() -> None:
    keys = [AuthKey(bytes(100)), AuthKey(bytes(99) + b'x'), AuthKey(bytes(101))]
    assert len({key.sign_frame(GOLDEN, 1).payload for key in keys}) == 3


def test_a_key_does_not_show_its_secret() -> None:
    assert '0001020304' not in f'{KEY!r} {vars(KEY)!r}'
