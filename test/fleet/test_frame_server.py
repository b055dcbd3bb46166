"""Tests of what a replica does with requests, where no cluster is."""

from __future__ import annotations

import time

import numpy as np
import pytest

from slim_split_ros.fleet import frame_server
from slim_split_ros.fleet.frame_server import FrameServer
from slim_split_ros.fleet.messages import Answer, Outcome, pack_request, unpack_answer
from slim_split_ros.offboard import (
    FingerprintMismatchError,
    FrameDecoder,
    ReferenceLostError,
    Served,
    Server,
    ServerInput,
    decode_frame,
    load_server,
)
from slim_split_ros.wire import Frame, FrameHeader, Manifest, PayloadError, load_manifest
from support.bundles import write_tiny_bundle
from support.fleet_frames import request_for, square_frames


@pytest.fixture(scope='module')
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return load_manifest(write_tiny_bundle(
        tmp_path_factory.mktemp('video'), with_pictures=True, with_video=True))


@pytest.fixture(scope='module')
def server(manifest: Manifest) -> Server:
    return load_server(manifest, 'cpu')


@pytest.fixture
def replica(manifest: Manifest, server: Server) -> FrameServer:
    return FrameServer(manifest, server, manifest.classes, 2, time.time, time.monotonic)


def ask(replica: FrameServer, frame: Frame, **changes: object) -> Answer:
    (answer,) = replica.serve([pack_request(request_for(frame, **changes))])
    return unpack_answer(answer, classes=4)


def assert_same(served: Served, other: Served) -> None:
    for name in ('boxes', 'scores', 'labels'):
        np.testing.assert_array_equal(
            getattr(served.detections, name), getattr(other.detections, name))
    np.testing.assert_array_equal(served.picture, other.picture)


@pytest.mark.parametrize('coder', ['cells', 'video'])
def test_results_are_those_of_a_nodes_own_server(
    manifest: Manifest, server: Server, replica: FrameServer, coder: str
) -> None:
    frames, decoder = square_frames(manifest, 4, coder), FrameDecoder(manifest)

    answers = [ask(replica, frame) for frame in frames]

    for frame, answer in zip(frames, answers, strict=True):
        (own,) = server.serve([decoder.decode(frame)], 0.3, 100)
        assert len(own.detections)
        assert_same(answer.served, own)


def test_frames_of_a_batch_have_the_answers_that_they_have_alone(
    manifest: Manifest, replica: FrameServer
) -> None:
    frames = square_frames(manifest, 3)
    requests = [request_for(frames[0], score_threshold=0.9), request_for(frames[1]),
                request_for(frames[2], with_picture=False)]

    together = replica.serve([pack_request(request) for request in requests])

    for request, answer in zip(requests, together, strict=True):
        (alone,) = replica.serve([pack_request(request)])
        one, other = unpack_answer(answer, 4).served, unpack_answer(alone, 4).served
        assert_same(one, other)


def test_what_is_late_is_skipped_but_video_decoded_for_those_that_lean_on_it(
    manifest: Manifest, replica: FrameServer
) -> None:
    first, second = square_frames(manifest, 2, 'video')
    cells = square_frames(manifest, 1)[0]

    late = ask(replica, first, deadline_s=time.time() - 1)

    assert (late.outcome, late.is_decoded) == (Outcome.LATE, True)
    assert ask(replica, second).outcome is Outcome.SERVED
    skipped = ask(replica, cells, deadline_s=time.time() - 1)
    assert (skipped.outcome, skipped.is_decoded) == (Outcome.LATE, False)


def test_robots_that_call_themselves_alike_do_not_meet(
    manifest: Manifest, replica: FrameServer
) -> None:
    first, second = square_frames(manifest, 2, 'video')
    ask(replica, first, key=1)

    assert isinstance(ask(replica, second, key=2).refusal, ReferenceLostError)
    assert ask(replica, second, key=1).outcome is Outcome.SERVED


def test_frames_that_were_not_served_are_decoded_before_the_one_that_leans_on_them(
    manifest: Manifest, replica: FrameServer
) -> None:
    *earlier, last = square_frames(manifest, 4, 'video')

    assert ask(replica, last, earlier=tuple(earlier)).outcome is Outcome.SERVED


def test_a_bad_frame_costs_itself_alone_and_says_why(
    manifest: Manifest, replica: FrameServer
) -> None:
    good = square_frames(manifest, 1)[0]
    foreign = Frame(
        FrameHeader(1, 1, good.header.geometry, 0.5, 0, manifest.fingerprint ^ 1, 7, 1.0),
        good.payload)
    cut = Frame(good.header, good.payload[:3])

    answers = [unpack_answer(answer, 4) for answer in replica.serve(
        [*(pack_request(request_for(frame)) for frame in (foreign, good, cut)), b'nonsense'])]

    assert [answer.outcome for answer in answers] == [
        Outcome.REFUSED, Outcome.SERVED, Outcome.REFUSED, Outcome.REFUSED]
    assert isinstance(answers[0].refusal, FingerprintMismatchError)
    assert isinstance(answers[2].refusal, PayloadError)
    assert replica.take_outcomes() == {'served': 1, 'refused': 3}
    assert not replica.take_outcomes()


def test_what_nobody_foresaw_in_a_frame_costs_it_alone(
    manifest: Manifest, replica: FrameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = square_frames(manifest, 2)

    def decode_but_one(frame: Frame, manifest: Manifest) -> ServerInput:
        if frame.header.sequence == bad.header.sequence:
            raise ZeroDivisionError
        return decode_frame(frame, manifest)

    monkeypatch.setattr(frame_server, 'decode_frame', decode_but_one)
    answers = [unpack_answer(answer, 4) for answer in replica.serve(
        [pack_request(request_for(frame)) for frame in (bad, good)])]

    assert [answer.outcome for answer in answers] == [Outcome.REFUSED, Outcome.SERVED]
    assert 'ZeroDivisionError' in answers[0].sentence


def test_a_runtime_that_fails_is_counted_until_it_serves_again(
    manifest: Manifest, server: Server, replica: FrameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = square_frames(manifest, 1)[0]

    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError('out of memory')

    with monkeypatch.context() as patched:
        patched.setattr(Server, 'serve', fail)
        answers = replica.serve([pack_request(request_for(frame))] * 2)
    assert ['out of memory' in unpack_answer(answer, 4).sentence for answer in answers] == [
        True, True]
    assert replica.failed_in_a_row == 2

    assert ask(replica, frame).outcome is Outcome.SERVED
    assert replica.failed_in_a_row == 0
