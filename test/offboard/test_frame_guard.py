"""Tests of which frames a server with a key believes: of its own run, once each."""

from __future__ import annotations

from dataclasses import replace
import random

import pytest

from slim_split_ros.offboard import frame_guard
from slim_split_ros.offboard.frame_guard import (
    ASKING_GAP_S,
    HELD_S,
    MOST_ASKED,
    WINDOW_FRAMES,
    FrameGuard,
    Starts,
)
from slim_split_ros.wire import Frame
from slim_split_ros.wire.authentication import NO_RECEIVER, AuthKey
from slim_split_ros.wire.errors import (
    DistrustError,
    ReplayedError,
    UnauthenticatedError,
    UnprovenError,
)
from support.messages import GOLDEN, answer_message, report_message

KEY = AuthKey(b'k' * 32)
RECEIVER, EARLIER_RECEIVER = 7, 8
OTHER_RECEIVER = 9
ROBOT, RESTARTED = 1_000, 2_000
LATE_S = 3600.0


def signed(sequence: int, start_ns: int = ROBOT, receiver_id: int = RECEIVER) -> Frame:
    header = replace(GOLDEN.header, sender_start_ns=start_ns, sequence=sequence, reference=None)
    return KEY.sign_frame(Frame(header, GOLDEN.payload), receiver_id)


def passes(guard: FrameGuard, frame: Frame, now_s: float = 0.0) -> bool:
    try:
        guard.admit(frame, now_s)
    except DistrustError:
        return False
    return True


@pytest.fixture
def starts() -> Starts:
    return Starts()


@pytest.fixture
def guard(starts: Starts) -> FrameGuard:
    return FrameGuard(KEY, RECEIVER, starts)


def test_a_frame_of_this_run_passes_without_its_tag_and_once(guard: FrameGuard) -> None:
    frame = signed(3)
    assert guard.admit(frame, 0.0).payload == GOLDEN.payload
    with pytest.raises(ReplayedError, match='the frame came before'):
        guard.admit(frame, 0.1)


def test_frames_that_overtake_one_another_pass_once_each(guard: FrameGuard) -> None:
    generator = random.Random(3)
    order = sorted(range(1000), key=lambda number: number + generator.uniform(0, 30))
    assert all(passes(guard, signed(number)) for number in order)
    assert not any(passes(guard, signed(number)) for number in range(1000))


@pytest.mark.parametrize(('back', 'expected'), [
    (WINDOW_FRAMES - 1, True), (WINDOW_FRAMES, False), (WINDOW_FRAMES + 900, False)])
def test_a_frame_may_be_overtaken_by_63_others(
    guard: FrameGuard, back: int, expected: bool
) -> None:
    assert passes(guard, signed(1000))
    assert passes(guard, signed(1000 - back)) is expected


def test_after_a_leap_of_sequences_nothing_before_it_passes_again(guard: FrameGuard) -> None:
    for number in (5, 6, 2**32 - 1):
        assert passes(guard, signed(number))
    assert not any(passes(guard, signed(number)) for number in (5, 6, 7, 2**32 - 1))


def test_a_recording_is_refused_after_the_robot_started_again(guard: FrameGuard) -> None:
    recorded = [signed(number) for number in range(200)]
    assert all(passes(guard, frame) for frame in recorded)
    assert all(passes(guard, signed(number, RESTARTED)) for number in range(200))
    assert not any(passes(guard, frame) for frame in recorded)


def test_a_recording_is_refused_after_the_server_started_again() -> None:
    recorded = [signed(number, receiver_id=EARLIER_RECEIVER) for number in range(200)]
    restarted = FrameGuard(KEY, RECEIVER, Starts())
    for frame in recorded:
        with pytest.raises(UnprovenError, match='was not made for this run of the server'):
            restarted.admit(frame, 0.0)
    # The robot, told of it, goes on where it was.
    assert all(passes(restarted, signed(number)) for number in range(200, 300))


@pytest.mark.parametrize('receiver_id', [NO_RECEIVER, EARLIER_RECEIVER])
def test_whose_frames_name_another_run_is_asked_at_most_ten_times_a_second(
    guard: FrameGuard, receiver_id: int
) -> None:
    questions = []
    for tick in range(400):
        now_s = tick * 0.0025
        assert not passes(guard, signed(tick, receiver_id=receiver_id), now_s)
        questions += guard.questions(now_s)
    assert 9 <= len(questions) <= 1 / ASKING_GAP_S
    assert {(question.sender_start_ns, question.receiver_id, question.arrivals)
            for question in questions} == {(ROBOT, RECEIVER, ())}
    assert [question.sent_s for question in questions] == sorted(
        {question.sent_s for question in questions})


def test_a_question_is_newer_than_a_report_of_the_same_moment(guard: FrameGuard) -> None:
    passes(guard, signed(0, receiver_id=EARLIER_RECEIVER), 5.0)
    question, = guard.questions(5.0)
    assert 5.0 < question.sent_s < 5.0 + 1e-9


def test_who_named_this_run_in_the_meantime_is_not_asked(guard: FrameGuard) -> None:
    passes(guard, signed(0, receiver_id=EARLIER_RECEIVER), 5.0)
    assert passes(guard, signed(1), 5.01)
    assert guard.questions(5.02) == []


def test_nobody_is_asked_for_a_frame_that_is_not_of_the_key(guard: FrameGuard) -> None:
    forged = AuthKey(b'x' * 32).sign_frame(GOLDEN, EARLIER_RECEIVER)
    assert not passes(guard, forged)
    assert not passes(guard, GOLDEN)
    assert guard.questions(0.0) == []


def test_recordings_of_many_robots_take_no_memory_and_no_more_than_their_questions(
    guard: FrameGuard
) -> None:
    for start_ns in range(10_000):
        passes(guard, signed(0, start_ns, EARLIER_RECEIVER), 0.0)
    assert len(guard.questions(0.0)) == MOST_ASKED
    assert guard.questions(0.0) == []


def test_no_start_of_a_robot_is_forgotten_and_one_too_many_is_refused(
    guard: FrameGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_guard, 'MOST_STARTS', 3)
    assert all(passes(guard, signed(0, start_ns)) for start_ns in range(3))
    with pytest.raises(UnprovenError, match='3 starts of robots .* start it again'):
        guard.admit(signed(0, 3), 0.0)
    assert passes(guard, signed(1, 0))
    assert not passes(guard, signed(0, 0))


@pytest.fixture
def other(starts: Starts) -> FrameGuard:
    """Return the guard of another robot's topic at the same node."""
    return FrameGuard(KEY, OTHER_RECEIVER, starts)


@pytest.mark.parametrize('receiver_id', [
    RECEIVER, OTHER_RECEIVER, EARLIER_RECEIVER, NO_RECEIVER])
def test_frames_of_a_robot_on_the_topic_of_another_are_refused_and_nobody_is_asked(
    guard: FrameGuard, other: FrameGuard, receiver_id: int
) -> None:
    for number in range(20):
        assert passes(guard, signed(number), 0.1 * number)
        with pytest.raises(ReplayedError, match='heard on another topic'):
            other.admit(signed(number, receiver_id=receiver_id), 0.1 * number)
        with pytest.raises(ReplayedError, match='heard on another topic'):
            other.admit(signed(1000 + number, receiver_id=receiver_id), 0.1 * number)
        assert other.questions(0.1 * number) == []
    assert passes(other, signed(0, RESTARTED, OTHER_RECEIVER), 2.0)


def test_what_was_recorded_of_a_robot_is_no_question_on_another_topic_however_late(
    guard: FrameGuard, other: FrameGuard
) -> None:
    recorded = [signed(number, receiver_id=NO_RECEIVER) for number in range(5)]
    recorded += [signed(number) for number in range(5, 200)]
    for frame in recorded:
        passes(guard, frame)
    for frame in recorded:
        assert not passes(other, frame, LATE_S)
    assert other.questions(LATE_S) == []
    assert passes(guard, signed(200), LATE_S)


def test_a_robot_that_was_lured_to_another_topic_comes_back_once_nobody_plays_it_there(
    guard: FrameGuard, other: FrameGuard
) -> None:
    own = [signed(number) for number in range(10)]
    lured = [signed(number, receiver_id=OTHER_RECEIVER) for number in range(10, 20)]
    assert all(passes(guard, frame, 0.0) for frame in own)
    assert not passes(other, lured[0], 0.9 * HELD_S)
    assert all(passes(other, frame, HELD_S) for frame in lured)

    # The robot names the other topic until it is asked, which it is once the attack is over.
    assert not passes(guard, signed(20, receiver_id=OTHER_RECEIVER), 1.9 * HELD_S)
    assert guard.questions(1.9 * HELD_S) == []
    assert not passes(guard, signed(21, receiver_id=OTHER_RECEIVER), 2 * HELD_S)
    assert [question.sender_start_ns for question in guard.questions(2 * HELD_S)] == [ROBOT]
    assert passes(guard, signed(22), 2 * HELD_S)
    assert not any(passes(place, frame, LATE_S)
                   for frame in own + lured for place in (guard, other))


def test_a_robot_that_is_found_again_after_it_was_gone_is_asked_and_served(
    guard: FrameGuard, other: FrameGuard
) -> None:
    assert passes(guard, signed(0))
    assert not passes(other, signed(1), HELD_S)
    assert len(other.questions(HELD_S)) == 1
    assert passes(other, signed(2, receiver_id=OTHER_RECEIVER), HELD_S)


def test_a_server_without_a_key_takes_frames_as_they_are_and_none_with_a_tag() -> None:
    guard = FrameGuard(None, RECEIVER, Starts())
    assert guard.admit(GOLDEN, 0.0) is GOLDEN
    assert guard.admit(GOLDEN, 0.0) is GOLDEN
    with pytest.raises(UnauthenticatedError, match='has none: give it the auth_key_file'):
        guard.admit(signed(3), 0.0)
    assert guard.questions(0.0) == []
    assert guard.tag_report(report_message(1, 2, 3, 4.0, ())) == b''


def test_a_server_with_a_key_says_what_to_do_about_a_robot_without(guard: FrameGuard) -> None:
    with pytest.raises(UnauthenticatedError, match='give the onboard node the auth_key_file'):
        guard.admit(GOLDEN, 0.0)


def test_what_goes_back_has_the_tags_of_the_key(guard: FrameGuard) -> None:
    report, answer = report_message(1, RECEIVER, 3, 4.0, ()), answer_message(1, 2, 3)
    report.tag, answer.tag = guard.tag_report(report), guard.tag_answer(answer)
    KEY.check_report(report)
    KEY.check_answer(answer)
