"""Tests of whose frame is served, what is dropped and what is reported to whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
import heapq
import math

import numpy as np
import pytest

from slim_split_ros.offboard.errors import FrameMismatchError
from slim_split_ros.offboard.reception import (
    FORGET_S,
    LONGEST_WAIT_S,
    MAX_SENDERS,
    NEWCOMER_REPORTS_S,
    Drop,
    Reception,
)
from slim_split_ros.offboard.sender import Received
from slim_split_ros.wire import Frame, Manifest, PayloadError, load_manifest
from support.bundles import write_tiny_bundle
from support.received_frames import MakeFrame, camera, frame_maker, who

pytest.importorskip('onnx', reason='the tiny model is built with onnx: make setup-training')

ROBOT, FAST = 1, 2


@pytest.fixture(scope='module')
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return load_manifest(write_tiny_bundle(tmp_path_factory.mktemp('model')))


@pytest.fixture
def reception(manifest: Manifest) -> Reception:
    return Reception(manifest, receiver_id=7)


@pytest.fixture
def frame(manifest: Manifest) -> MakeFrame:
    return frame_maker(manifest)


def serve(reception: Reception, frames: Iterable[Received], service_s: float
          ) -> tuple[dict[int, list[float]], Counter[Drop]]:
    """Serve one frame after the other; return by sender how long each took, and the drops."""
    taken_s: dict[int, list[float]] = {}
    drops: Counter[Drop] = Counter()
    done: tuple[float, Received] | None = None
    for arriving in [*frames, None]:
        while done and (arriving is None or done[0] <= arriving.arrival_s):
            now_s, served = done
            reception.served(served, now_s)
            reception.charge(served, service_s)
            taken_s.setdefault(who(served)[0], []).append(now_s - served.arrival_s)
            received, late = reception.next_frame(now_s)
            drops[Drop.DEADLINE] += late
            done = received and (now_s + service_s, received)
        if arriving:
            if drop := reception.receive(arriving):
                drops[drop] += 1
            if not done:
                received, _ = reception.next_frame(arriving.arrival_s)
                done = arriving.arrival_s + service_s, received
    return taken_s, drops


def merged(*cameras: Iterable[Received]) -> Iterator[Received]:
    return heapq.merge(*cameras, key=lambda received: received.arrival_s)


def test_the_newest_frame_is_served_and_the_displaced_one_named(
    reception: Reception, frame: MakeFrame
) -> None:
    drops = [reception.receive(frame(ROBOT, number, 0.1 * number)) for number in range(3)]
    assert drops == [None, Drop.NEWER, Drop.NEWER]
    assert who(reception.next_frame(0.3)[0]) == (ROBOT, 2)
    assert reception.next_frame(0.3) == (None, 0)


def test_a_frame_that_was_overtaken_does_not_displace_the_newer_one(
    reception: Reception, frame: MakeFrame
) -> None:
    reception.receive(frame(ROBOT, 6, 0.0))
    assert reception.receive(frame(ROBOT, 5, 0.1)) is Drop.NEWER
    assert who(reception.next_frame(0.2)[0]) == (ROBOT, 6)


@pytest.mark.parametrize('robots', [1, 3, 8])
def test_under_overload_detections_take_at_most_two_service_times(
    reception: Reception, frame: MakeFrame, robots: int
) -> None:
    service_s = 0.3
    cameras = [camera(frame, robot, 10.0, 60.0, 0.0123 * robot) for robot in range(robots)]

    taken_s, _ = serve(reception, merged(*cameras), service_s)

    everyones_s = [each_s for of_robot_s in taken_s.values() for each_s in of_robot_s]
    assert np.percentile(everyones_s, 95) <= 2 * service_s + 1e-9
    counts = [len(of_robot_s) for of_robot_s in taken_s.values()]
    assert sum(counts) >= 199
    assert min(counts) >= 0.9 * max(counts)
    assert len(counts) == robots


def test_a_fast_sender_takes_no_detection_from_another(
    reception: Reception, frame: MakeFrame
) -> None:
    frames = merged(camera(frame, FAST, 500.0, 10.0), camera(frame, ROBOT, 5.0, 10.0, 0.001))
    taken_s, drops = serve(reception, frames, service_s=0.05)
    assert len(taken_s[ROBOT]) >= 49
    assert max(taken_s[ROBOT]) <= 0.1 + 1e-9
    assert drops[Drop.NEWER] > 4000


def test_senders_invented_for_each_frame_take_no_detection_from_another(
    reception: Reception, frame: MakeFrame
) -> None:
    invented = (frame(1000 + number, 0, number / 500) for number in range(5000))
    frames = merged(invented, camera(frame, ROBOT, 5.0, 10.0, 0.001))
    taken_s, _ = serve(reception, frames, service_s=0.05)
    assert len(taken_s[ROBOT]) >= 48


def test_a_robot_that_comes_while_senders_are_invented_is_served_too(
    reception: Reception, frame: MakeFrame
) -> None:
    invented = (frame(1000 + number, 0, number / 250) for number in range(2500))
    frames = merged(invented, camera(frame, ROBOT, 10.0, 5.0, 2.0))
    taken_s, _ = serve(reception, frames, service_s=0.04)
    assert len(taken_s[ROBOT]) >= 45


def test_robots_that_send_at_the_same_moment_are_all_served_while_there_is_time(
    reception: Reception, frame: MakeFrame
) -> None:
    cameras = [camera(frame, robot, 4.0, 10.0) for robot in range(4)]
    taken_s, drops = serve(reception, merged(*cameras), service_s=0.06)
    assert [len(of_robot_s) for of_robot_s in taken_s.values()] == [40] * 4
    assert not +drops


def test_a_frame_past_the_deadline_is_dropped_and_counted(
    reception: Reception, frame: MakeFrame
) -> None:
    reception.receive(frame(ROBOT, 0, 0.0))
    reception.receive(frame(FAST, 0, 1.0))
    received, past_deadline = reception.next_frame(LONGEST_WAIT_S + 0.1)
    assert (who(received), past_deadline) == ((FAST, 0), 1)


def test_arrivals_are_reported_at_once_and_server_times_once_known(
    reception: Reception, frame: MakeFrame
) -> None:
    reception.receive(frame(ROBOT, 0, 1.0))
    (report,) = reception.due_reports(1.001)
    assert math.isnan(report.arrivals[0].server_s)
    received, _ = reception.next_frame(1.1)
    reception.served(received, 1.3)
    reception.receive(frame(ROBOT, 1, 1.3))
    (report,) = reception.due_reports(1.3)
    assert report.arrivals[0].server_s == pytest.approx(0.3)


def of_another_model(frame: Frame) -> Frame:
    return replace(frame, header=replace(frame.header, fingerprint=5))


def of_another_coder(frame: Frame) -> Frame:
    return replace(frame, payload=b'\x00')


def of_a_megabyte(frame: Frame) -> Frame:
    return replace(frame, payload=frame.payload + bytes(1_000_000))


@pytest.mark.parametrize(('spoil', 'complaint'), [
    (of_another_model, 'fingerprint of the frame is 0000000000000005'),
    (of_another_coder, 'payload names coder 0'),
    (of_a_megabyte, 'payload has 1000001 bytes'),
])
def test_a_frame_that_does_not_check_out_is_remembered_nowhere(
    reception: Reception, frame: MakeFrame,
    spoil: Callable[[Frame], Frame], complaint: str
) -> None:
    received = frame(ROBOT, 0, 1.0)
    with pytest.raises((FrameMismatchError, PayloadError), match=complaint):
        reception.receive(replace(received, frame=spoil(received.frame)))
    assert reception.due_reports(1.0) == []
    assert reception.next_frame(1.0) == (None, 0)


def test_each_sender_is_reported_on_its_own(reception: Reception, frame: MakeFrame) -> None:
    for sequence in (0, 1):
        reception.receive(frame(ROBOT, 41 + sequence, 1.0))
        reception.receive(frame(FAST, sequence, 1.5))
    reports = {report.sender_start_ns: report for report in reception.due_reports(1.6)}
    assert [a.sequence for a in reports[FAST].arrivals] == [0, 1]
    assert [a.sequence for a in reports[ROBOT].arrivals] == [41, 42]


def test_reports_go_on_in_silence_until_a_sender_is_gone(
    reception: Reception, frame: MakeFrame
) -> None:
    for number in range(2):
        reception.receive(frame(ROBOT, number, 1.0))
    reception.next_frame(1.0)
    assert [len(reception.due_reports(now_s)) for now_s in (1.0, 1.5, 9.0, 1.1 + FORGET_S)] == [
        1, 1, 1, 0]


@pytest.mark.parametrize('frames', [1, 2])
def test_it_is_empty_once_every_sender_is_forgotten_be_it_a_newcomer(
    reception: Reception, frame: MakeFrame, frames: int
) -> None:
    assert reception.is_empty
    for number in range(frames):
        reception.receive(frame(ROBOT, number, 1.0))
    reception.next_frame(1.0)
    emptiness = []
    for now_s in (1.0, 0.9 + FORGET_S, 1.1 + FORGET_S):
        reception.due_reports(now_s)
        emptiness.append(reception.is_empty)
    assert emptiness == [False, False, True]


def test_a_sender_of_a_single_frame_is_told_for_a_short_time(
    reception: Reception, frame: MakeFrame
) -> None:
    reception.receive(frame(ROBOT, 0, 1.0))
    told = [len(reception.due_reports(now_s)) for now_s in (1.0, 1.5, 1.1 + NEWCOMER_REPORTS_S)]
    assert told == [1, 1, 0]


def test_invented_senders_are_told_as_often_as_one_robot(
    reception: Reception, frame: MakeFrame
) -> None:
    told = 0
    for number in range(500):
        reception.receive(frame(100 + number, 0, 0.002 * number))
        told += len(reception.due_reports(0.002 * number))
    assert told <= 21


def test_reports_never_start_again_at_0_for_a_sender_that_was_forgotten(
    reception: Reception, frame: MakeFrame
) -> None:
    for number in range(100):
        reception.receive(frame(ROBOT, number, 0.1 * number))
        reception.next_frame(0.1 * number)
        (before,) = reception.due_reports(0.1 * number + 0.05)
    assert reception.due_reports(30.0) == []

    reception.receive(frame(ROBOT, 100, 31.0))

    (after,) = reception.due_reports(31.0)
    assert after.report_sequence > before.report_sequence


def test_invented_senders_displace_none_that_is_being_heard(
    reception: Reception, frame: MakeFrame
) -> None:
    for number in range(2):
        reception.receive(frame(ROBOT, number, 0.0))
    (first,) = reception.due_reports(0.0)
    for invented in range(10 * MAX_SENDERS):
        for number in range(2):
            reception.receive(frame(1000 + invented, number, 1.0))

    reports = {report.sender_start_ns: report for report in reception.due_reports(1.0)}

    assert len(reports) == MAX_SENDERS
    assert reports[ROBOT].report_sequence == first.report_sequence + 1


def test_what_invented_senders_cost_ends_with_their_silence(
    reception: Reception, frame: MakeFrame
) -> None:
    for invented in range(MAX_SENDERS):
        for number in range(2):
            reception.receive(frame(1000 + invented, number, 1.0))
    assert reception.receive(frame(ROBOT, 0, 1.1)) is Drop.SENDERS
    for _ in range(MAX_SENDERS):
        reception.next_frame(1.1)
    assert reception.receive(frame(ROBOT, 1, 1.1 + FORGET_S)) is None
