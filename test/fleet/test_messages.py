"""Tests of what a node and a replica say to each other."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from slim_split_ros.fleet.errors import MessageError, RefusedError
from slim_split_ros.fleet.messages import (
    Answer,
    Outcome,
    pack_answer,
    pack_request,
    unpack_answer,
    unpack_request,
    video_key,
)
from slim_split_ros.offboard import Detections, ReferenceLostError, Served
from slim_split_ros.wire import WireError, load_manifest
from support.fleet_frames import request_for, square_frames

FOUND = Detections(
    np.array([[1, 2, 3, 4], [5, 6, 7, 8]], np.float32), np.array([0.9, 0.4], np.float32),
    np.array([3, 0], np.int64))
SERVED = Answer(Outcome.SERVED, 0.02, Served(
    FOUND, np.arange(36, dtype=np.uint8).reshape(3, 4, 3), 'a problem'), is_decoded=True,
    replica='0ghaazcm', together=3)


def test_a_request_comes_back_as_it_was(tiny_bundle: Path) -> None:
    first, second, third = square_frames(load_manifest(tiny_bundle), 3)
    request = request_for(third, earlier=(first, second), key=2**64 - 1, is_video=True)

    assert unpack_request(pack_request(request)) == request
    assert video_key(pack_request(request)) == 2**64 - 1
    assert video_key(pack_request(replace(request, is_video=False))) is None


def test_an_answer_comes_back_as_it_was() -> None:
    answer = unpack_answer(pack_answer(SERVED), classes=4)

    assert answer.outcome is Outcome.SERVED and answer.is_decoded
    assert answer.served.problem == 'a problem' and answer.service_s == 0.02
    assert (answer.replica, answer.together) == ('0ghaazcm', 3)
    for name in ('boxes', 'scores', 'labels'):
        np.testing.assert_array_equal(
            getattr(answer.served.detections, name), getattr(FOUND, name))
    np.testing.assert_array_equal(answer.served.picture, SERVED.served.picture)


def test_a_refusal_is_the_error_that_a_server_here_would_raise() -> None:
    refused = Answer(Outcome.REFUSED, sentence='it needs 7', error='ReferenceLostError')
    later = replace(refused, error='ErrorOfALaterVersion')

    assert isinstance(unpack_answer(pack_answer(refused), 4).refusal, ReferenceLostError)
    assert isinstance(unpack_answer(pack_answer(later), 4).refusal, RefusedError)
    assert str(refused.refusal) == 'it needs 7'


@pytest.mark.parametrize('found', [
    replace(FOUND, labels=np.array([0, 4])),
    replace(FOUND, labels=np.array([0, -1])),
    replace(FOUND, boxes=np.full((2, 4), np.nan, np.float32)),
    replace(FOUND, boxes=FOUND.boxes[:1]),
])
def test_an_answer_that_no_replica_gives_is_refused(found: Detections) -> None:
    with pytest.raises(MessageError):
        unpack_answer(pack_answer(replace(SERVED, served=Served(found, None))), classes=4)


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused_by_an_error_of_ours(data: bytes) -> None:
    with suppress(MessageError):
        unpack_answer(data, classes=4)
    with suppress(MessageError, WireError):
        unpack_request(data)
    with suppress(MessageError):
        video_key(data)


@given(place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_damaged_answer_is_an_answer_or_refused(place: int, flip: int) -> None:
    packed = bytearray(pack_answer(SERVED))
    packed[place % len(packed)] ^= flip
    with suppress(MessageError):
        unpack_answer(bytes(packed), classes=4)
