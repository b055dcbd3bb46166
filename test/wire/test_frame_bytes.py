"""Tests of frames as bytes between processes of the server's side."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
import pytest

from slim_split_ros.wire import Frame, FrameGeometry, FrameHeader, WireError
from slim_split_ros.wire.frame_bytes import pack_frame, unpack_frame

HEADER = FrameHeader(
    sender_start_ns=5, sequence=3, geometry=FrameGeometry(640, 480, 416, 320), width=0.75, rate=1,
    fingerprint=2**64 - 1, stamp_ns=7, encode_ms=1.5, frame_id='kamera_ü')


@given(
    payload=st.binary(max_size=200), back=st.integers(0, 255), sequence=st.integers(0, 2**32 - 1))
def test_a_frame_comes_back_as_it_was(payload: bytes, back: int, sequence: int) -> None:
    reference = (sequence - back) % 2**32 if back else None
    frame = Frame(replace(HEADER, sequence=sequence, reference=reference), payload)

    assert unpack_frame(pack_frame(frame)) == frame


@given(place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(place: int, flip: int) -> None:
    packed = bytearray(pack_frame(Frame(replace(HEADER, reference=1), b'payload')))
    packed[place % len(packed)] ^= flip

    with pytest.raises(WireError):
        unpack_frame(bytes(packed))


@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused_by_an_error_of_the_wire_or_are_a_frame(data: bytes) -> None:
    with suppress(WireError):
        unpack_frame(data)
