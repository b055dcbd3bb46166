"""Tests of frames of video that are not served: those after them lean on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from slim_split_ros.offboard.reception import LONGEST_WAIT_S, Drop, Reception
from slim_split_ros.offboard.sender import MOST_EARLIER_BYTES, MOST_EARLIER_FRAMES, Received
from slim_split_ros.wire import Frame, FrameGeometry, FrameHeader, Manifest, load_manifest
from support.bundles import write_tiny_bundle
from support.received_frames import who

pytest.importorskip('onnx', reason='the tiny model is built with onnx: make setup-training')

ROBOT = 1


@pytest.fixture(scope='module')
def video_manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return load_manifest(write_tiny_bundle(
        tmp_path_factory.mktemp('video'), with_pictures=True, with_video=True))


@pytest.fixture
def video_reception(video_manifest: Manifest) -> Reception:
    return Reception(video_manifest, receiver_id=7)


@pytest.fixture
def video_frame(video_manifest: Manifest) -> Callable[..., Received]:
    """Give a function from sequence and reference to a frame of video; no reference: alone."""
    header = FrameHeader(
        sender_start_ns=ROBOT, sequence=0, geometry=FrameGeometry(640, 480, 416, 320), width=0.5,
        rate=1, fingerprint=video_manifest.fingerprint, stamp_ns=2, encode_ms=0.5)

    def make(sequence: int, reference: int | None = None, now_s: float = 0.0, coder: int = 5,
             size: int = 10) -> Received:
        numbered = replace(header, sequence=sequence, reference=reference)
        return Received(Frame(numbered, bytes([coder]) + bytes(size)), 900, now_s)

    return make


def earlier(received: Received) -> list[int]:
    return [frame.header.sequence for frame in received.earlier]


def test_frames_of_video_that_were_displaced_come_before_the_newest(
    video_reception: Reception, video_frame: Callable[..., Received]
) -> None:
    drops = [video_reception.receive(video_frame(0)),
             *(video_reception.receive(video_frame(number, number - 1)) for number in (1, 2, 3))]

    received, _ = video_reception.next_frame(0.1)

    assert drops == [None, Drop.NEWER, Drop.NEWER, Drop.NEWER]
    assert (who(received), earlier(received)) == ((ROBOT, 3), [0, 1, 2])
    video_reception.receive(video_frame(4, 3, 0.2))
    assert earlier(video_reception.next_frame(0.3)[0]) == []


def test_a_frame_that_comes_twice_while_it_waits_is_decoded_once(
    video_reception: Reception, video_frame: Callable[..., Received]
) -> None:
    video_reception.receive(video_frame(0))
    for _ in range(2):
        video_reception.receive(video_frame(1, 0))

    received, _ = video_reception.next_frame(0.1)

    assert (who(received), earlier(received)) == ((ROBOT, 1), [0])


def test_frame_that_is_alone_makes_those_before_it_needless(
    video_reception: Reception, video_frame: Callable[..., Received]
) -> None:
    for received in (video_frame(0), video_frame(1, 0), video_frame(2), video_frame(3, 2)):
        video_reception.receive(received)

    assert earlier(video_reception.next_frame(0.1)[0]) == [2]


def test_frames_of_symbols_are_not_kept_and_end_no_video(
    video_reception: Reception, video_frame: Callable[..., Received], video_manifest: Manifest
) -> None:
    symbols = video_frame(1, coder=video_manifest.coder)
    for received in (video_frame(0), symbols, video_frame(2, 0)):
        video_reception.receive(received)

    assert earlier(video_reception.next_frame(0.1)[0]) == [0]


def test_frame_of_video_that_was_overtaken_is_put_before_the_newer(
    video_reception: Reception, video_frame: Callable[..., Received]
) -> None:
    for received in (video_frame(0), video_frame(2, 1), video_frame(1, 0)):
        video_reception.receive(received)

    received, _ = video_reception.next_frame(0.1)
    assert (who(received), earlier(received)) == ((ROBOT, 2), [0, 1])


def test_frame_of_video_that_waited_too_long_is_still_decoded_for_the_next(
    video_reception: Reception, video_frame: Callable[..., Received]
) -> None:
    video_reception.receive(video_frame(0))
    assert video_reception.next_frame(2 * LONGEST_WAIT_S) == (None, 1)

    video_reception.receive(video_frame(1, 0, 2 * LONGEST_WAIT_S))

    assert earlier(video_reception.next_frame(2 * LONGEST_WAIT_S)[0]) == [0]


@pytest.mark.parametrize(('count', 'size'), [(MOST_EARLIER_FRAMES + 2, 10), (4, 100_000)])
def test_of_too_much_video_that_waits_nothing_is_kept(
    video_reception: Reception, video_frame: Callable[..., Received], count: int, size: int
) -> None:
    video_reception.receive(video_frame(0, size=size))
    for number in range(1, count):
        video_reception.receive(video_frame(number, number - 1, size=size))

    received, _ = video_reception.next_frame(0.1)

    assert len(received.earlier) < count - 1
    assert sum(len(frame.payload) for frame in received.earlier) <= MOST_EARLIER_BYTES


def test_a_report_names_the_newest_frame_that_was_decoded(
    video_reception: Reception, video_frame: Callable[..., Received]
) -> None:
    for sequence in range(3):
        video_reception.receive(video_frame(sequence, now_s=sequence))
        received, _ = video_reception.next_frame(sequence)
        if sequence < 2:
            video_reception.decoded(received)

    (report,) = video_reception.due_reports(3.0)

    assert report.decoded_sequence == 1


def test_frames_that_a_server_elsewhere_gave_back_come_before_the_next(
    video_reception: Reception, video_frame: Callable[..., Received]
) -> None:
    video_reception.receive(video_frame(0))
    video_reception.receive(video_frame(1, 0))
    taken, _ = video_reception.next_frame(0.1)
    video_reception.receive(video_frame(2, 1, 0.2))

    video_reception.give_back(taken)

    received, _ = video_reception.next_frame(0.3)
    assert (who(received), earlier(received)) == ((ROBOT, 2), [0, 1])


def test_what_was_given_back_is_gone_once_a_beginning_waits(
    video_reception: Reception, video_frame: Callable[..., Received]
) -> None:
    video_reception.receive(video_frame(0))
    taken, _ = video_reception.next_frame(0.1)
    video_reception.receive(video_frame(1, now_s=0.2))

    video_reception.give_back(taken)

    received, _ = video_reception.next_frame(0.3)
    assert (who(received), earlier(received)) == ((ROBOT, 1), [])
