from dataclasses import replace
import math

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from slim_split_ros.wire.errors import ChecksumError, HeaderError
from slim_split_ros.wire.geometry import FrameGeometry
from slim_split_ros.wire.header import FrameHeader, check, seal

HEADER = FrameHeader(
    sender_start_ns=1_700_000_000_000_000_000, sequence=7,
    geometry=FrameGeometry(640, 480, 416, 320), width=0.25, rate=1,
    fingerprint=0xFEDCBA9876543210, stamp_ns=1_700_000_001_000_000_000, encode_ms=1.5)
PAYLOAD = b'\x01some symbols'


def test_a_frame_passes_with_the_checksum_that_it_was_sealed_with():
    check(HEADER, PAYLOAD, seal(HEADER, PAYLOAD))


def test_the_checksum_stays_the_same_from_release_to_release():
    assert seal(HEADER, PAYLOAD) == 0xEC4BEC98


@pytest.mark.parametrize(
    'change',
    [
        {'sender_start_ns': 5}, {'sequence': 8}, {'geometry': FrameGeometry(641, 480, 416, 320)},
        {'geometry': FrameGeometry(640, 480, 416, 352)}, {'width': 0.5}, {'rate': 0},
        {'fingerprint': 0}, {'stamp_ns': 1}, {'encode_ms': 1.6}, {'chunk_count': 2},
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
        ('stamp_ns', 2**63), ('sender_start_ns', -(2**63)),
    ],
)
def test_a_field_out_of_range_is_refused_by_name_and_value(field, value):
    with pytest.raises(HeaderError, match=f'{field} is {value}'.replace('.', r'\.')):
        replace(HEADER, **{field: value})
