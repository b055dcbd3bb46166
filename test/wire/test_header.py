from dataclasses import replace
import math
import re
import tracemalloc

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
import pytest

from slim_split_ros.wire.errors import ChecksumError, FieldError, PayloadError, WireError
from slim_split_ros.wire.geometry import FrameGeometry
from slim_split_ros.wire.header import MOST_PAYLOAD_BYTES, FrameHeader, check, seal

HEADER = FrameHeader(
    sender_start_ns=1_700_000_000_000_000_000, sequence=7,
    geometry=FrameGeometry(640, 480, 416, 320), width=0.25, rate=1,
    fingerprint=0xFEDCBA9876543210, stamp_ns=1_700_000_001_000_000_000, encode_ms=1.5,
    frame_id='camera')
PAYLOAD = b'\x01some symbols'


def test_a_frame_passes_with_the_checksum_that_it_was_sealed_with():
    check(HEADER, PAYLOAD, seal(HEADER, PAYLOAD))


def test_the_checksum_stays_the_same_from_release_to_release():
    assert seal(HEADER, PAYLOAD) == 0xF6126A66
    assert seal(replace(HEADER, reference=6), PAYLOAD) == 0xADBCE343


@pytest.mark.parametrize(
    'change',
    [
        {'sender_start_ns': 5}, {'sequence': 8}, {'geometry': FrameGeometry(641, 480, 416, 320)},
        {'geometry': FrameGeometry(640, 480, 416, 352)}, {'width': 0.5}, {'rate': 0},
        {'fingerprint': 0}, {'stamp_ns': 1}, {'encode_ms': 1.6}, {'chunk_count': 2},
        {'frame_id': 'camerb'}, {'frame_id': ''}, {'reference': 6},
    ],
)
def test_any_changed_field_is_detected(change):
    checksum = seal(HEADER, PAYLOAD)

    with pytest.raises(ChecksumError, match=r'checksum of frame \d'):
        check(replace(HEADER, **change), PAYLOAD, checksum)


@given(st.binary(min_size=1, max_size=200), st.data())
@settings(deadline=None)
def test_any_flipped_bit_of_the_payload_is_detected(payload, data):
    checksum = seal(HEADER, payload)
    bit = data.draw(st.integers(0, len(payload) * 8 - 1))
    flipped = bytearray(payload)
    flipped[bit // 8] ^= 1 << bit % 8

    with pytest.raises(ChecksumError):
        check(HEADER, bytes(flipped), checksum)


@pytest.mark.parametrize(
    ('field', 'value'),
    [
        ('sequence', -1), ('sequence', 2**32), ('rate', 256), ('fingerprint', 2**64),
        ('width', 0.0), ('width', 1.5), ('width', math.nan), ('encode_ms', math.nan),
        ('encode_ms', -1.0), ('encode_ms', math.inf), ('chunk_count', 0), ('chunk_index', 1),
        ('stamp_ns', 2**63), ('sender_start_ns', -1), ('sender_start_ns', 2**31 * 10**9),
        ('sequence', 1.0), ('sequence', True), ('rate', 'x'), ('width', None), ('width', 10**400),
        ('encode_ms', 2.0**128), ('reference', -1), ('reference', 2**32), ('reference', 6.0),
        ('reference', True), ('reference', 7), ('reference', 8),
        ('reference', 2**32 - 249),
    ],
)
def test_a_field_out_of_range_is_refused_by_name_and_value(field, value):
    with pytest.raises(FieldError, match=re.escape(f'{field} is {value!r:.40}')):
        replace(HEADER, **{field: value})


def test_a_frame_may_need_the_one_before_it_though_sequences_start_again():
    header = replace(HEADER, sequence=0, reference=2**32 - 1)

    check(header, PAYLOAD, seal(header, PAYLOAD))


@pytest.mark.parametrize('frame_id', ['x' * 257, 'ü' * 129, '\ud800', None, b'camera', 5])
def test_a_frame_id_that_is_too_long_or_no_text_is_refused(frame_id):
    with pytest.raises(FieldError, match='frame_id'):
        replace(HEADER, frame_id=frame_id)


def test_a_frame_id_may_have_256_bytes():
    header = replace(HEADER, frame_id='ü' * 128)

    check(header, PAYLOAD, seal(header, PAYLOAD))


def test_bytes_do_not_move_between_frame_id_and_payload_unseen():
    assert seal(HEADER, PAYLOAD) != seal(
        replace(HEADER, frame_id='camer'), b'a' + PAYLOAD)


def test_a_payload_beyond_any_frame_is_refused_unread():
    payload = memoryview(bytes(MOST_PAYLOAD_BYTES + 1))
    tracemalloc.start()

    with pytest.raises(PayloadError, match='has 16777217 bytes, must have at most 16777216'):
        check(HEADER, payload, 0)

    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


ANYTHING = st.one_of(
    st.integers(), st.integers(-2**70, 2**70), st.floats(), st.text(), st.binary(), st.none(),
    st.booleans(), st.lists(st.integers()))


@given(st.dictionaries(st.sampled_from([
    'sender_start_ns', 'sequence', 'width', 'rate', 'fingerprint', 'stamp_ns', 'encode_ms',
    'chunk_index', 'chunk_count', 'frame_id', 'reference']), ANYTHING), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=500, suppress_health_check=[HealthCheck.too_slow])
def test_any_values_give_a_header_that_can_be_sealed_or_a_wire_error(fields, checksum):
    try:
        header = replace(HEADER, **fields)
        check(header, PAYLOAD, checksum)
    except WireError:
        return
    assert checksum == seal(header, PAYLOAD)


@given(st.lists(ANYTHING, min_size=4, max_size=4))
@settings(deadline=None, max_examples=300)
def test_any_sizes_give_a_geometry_or_a_wire_error(sizes):
    try:
        geometry = FrameGeometry(*sizes)
    except WireError:
        return
    assert max(geometry.image_width, geometry.image_height) <= 8192
