"""Tests of what a robot with a key believes, and for which server it makes its frames."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from slim_split_ros.offboard import Arrival
from slim_split_ros.onboard import reply_guard
from slim_split_ros.onboard.reply_guard import SILENCE_S, ReplyGuard
from slim_split_ros.wire.authentication import FRAME_TAG_BYTES, NO_RECEIVER, AuthKey
from slim_split_ros.wire.errors import ReplayedError, UnauthenticatedError
from support.messages import GOLDEN, answer_message, report_message

KEY = AuthKey(b'k' * 32)
START_NS = GOLDEN.header.sender_start_ns
SERVER, RESTARTED = 7, 8


def report(receiver_id: int, sent_s: float, arrivals: int = 1) -> SimpleNamespace:
    message = report_message(
        START_NS, receiver_id, round(10 * sent_s), sent_s, [Arrival(3, 1.0, 900)] * arrivals)
    message.tag = KEY.tag_report(message)
    return message


def named(guard: ReplyGuard) -> int:
    """Return the receiver that frames are made for."""
    return KEY.open_frame(guard.sign(GOLDEN)).receiver_id


@pytest.fixture
def guard() -> ReplyGuard:
    return ReplyGuard(KEY)


def test_frames_name_the_server_as_soon_as_it_is_heard(guard: ReplyGuard) -> None:
    assert named(guard) == NO_RECEIVER
    assert guard.admit_report(report(SERVER, 5.0), 0.0)
    assert named(guard) == SERVER
    assert len(guard.sign(GOLDEN).payload) == len(GOLDEN.payload) + guard.frame_tag_bytes
    assert guard.frame_tag_bytes == FRAME_TAG_BYTES


def test_a_question_names_the_server_and_is_no_news_of_frames(guard: ReplyGuard) -> None:
    assert not guard.admit_report(report(SERVER, 5.0, arrivals=0), 0.0)
    assert named(guard) == SERVER


def test_a_report_passes_once_and_none_after_a_newer_one(guard: ReplyGuard) -> None:
    recorded = [report(SERVER, 5.0 + number) for number in range(5)]
    for number, message in enumerate(recorded):
        assert guard.admit_report(message, number)
    for message in recorded:
        with pytest.raises(ReplayedError, match='a link report came before'):
            guard.admit_report(message, 6.0)


def test_reports_of_a_server_that_is_gone_do_not_bring_it_back(guard: ReplyGuard) -> None:
    recorded = [report(SERVER, 5.0 + number) for number in range(5)]
    for message in recorded:
        guard.admit_report(message, 0.0)
    guard.admit_report(report(RESTARTED, 1.0), 10.0)
    assert named(guard) == RESTARTED
    for message in recorded:
        with pytest.raises(ReplayedError):
            guard.admit_report(message, 20.0)
    assert named(guard) == RESTARTED


@pytest.mark.parametrize(('silence_s', 'expected'), [
    (0.9 * SILENCE_S, SERVER), (SILENCE_S, RESTARTED)])
def test_another_server_is_followed_after_a_second_of_silence(
    guard: ReplyGuard, silence_s: float, expected: int
) -> None:
    guard.admit_report(report(SERVER, 5.0), 0.0)
    guard.admit_report(report(RESTARTED, 1.0), silence_s)
    assert named(guard) == expected


@pytest.mark.parametrize('spoil', [
    lambda message: setattr(message, 'tag', b''),
    lambda message: setattr(message, 'sent_s', 1e9),
    lambda message: setattr(message, 'receiver_id', RESTARTED)])
def test_a_forged_report_is_refused_and_leaves_nothing_behind(
    guard: ReplyGuard, spoil: object
) -> None:
    guard.admit_report(report(SERVER, 5.0), 0.0)
    forged = report(SERVER, 6.0)
    spoil(forged)
    with pytest.raises(UnauthenticatedError):
        guard.admit_report(forged, 10.0)
    assert named(guard) == SERVER
    assert guard.admit_report(report(SERVER, 5.1), 10.0)


def test_no_server_is_forgotten_and_one_too_many_is_refused(
    guard: ReplyGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reply_guard, 'MOST_RECEIVERS', 3)
    for receiver_id in range(3):
        guard.admit_report(report(receiver_id, 5.0), 10.0 * receiver_id)
    with pytest.raises(ReplayedError, match='3 receiver_ids of servers .* start it again'):
        guard.admit_report(report(3, 5.0), 40.0)
    with pytest.raises(ReplayedError):
        guard.admit_report(report(0, 5.0), 50.0)


def test_answers_pass_with_the_tag_of_the_key_alone(guard: ReplyGuard) -> None:
    answer = answer_message(START_NS, 1, 7)
    with pytest.raises(UnauthenticatedError, match='give the offboard node the auth_key_file'):
        guard.admit_answer(answer)
    answer.tag = KEY.tag_answer(answer)
    guard.admit_answer(answer)


def test_without_a_key_all_passes_and_nothing_is_tagged() -> None:
    guard = ReplyGuard(None)
    assert guard.sign(GOLDEN) is GOLDEN
    assert guard.frame_tag_bytes == 0
    untagged = report_message(START_NS, SERVER, 1, 1.0, ())
    assert guard.admit_report(untagged, 0.0)
    assert guard.admit_report(untagged, 0.0)
    guard.admit_answer(answer_message(START_NS, 1, 7))
