"""Does a robot with a key decide the same whatever else is on the topics that come back to it?"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from random import Random
from types import SimpleNamespace

from slim_split_ros.control import (
    Arrival,
    ControlSettings,
    LinkReportData,
    OperatingPoint,
    OperatingPoints,
    WidthController,
)
from slim_split_ros.offboard import Arrival as ServerArrival
from slim_split_ros.onboard import AnswerBook, AnswerDrop, ReplyGuard
from slim_split_ros.wire import FrameHeader, WireError
from slim_split_ros.wire.answer import AnswerData, read_boxes
from slim_split_ros.wire.authentication import TAG_BYTES, AuthKey
from support.messages import GOLDEN, answer_message, report_message

KEY, OTHER_KEY = AuthKey(b'k' * 32), AuthKey(b'o' * 32)
RECEIVER, EARLIER_RECEIVER = 7, 8
START_NS, EARLIER_NS = GOLDEN.header.sender_start_ns, 5
FRAMES, PERIOD_S = 100, 0.1
# Of each kind for each of 100 frames: 70,000.
TRIES = 350
POINTS = OperatingPoints([
    OperatingPoint(0.25, 0, 600, 800, 1.0, 1.2, 0.40),
    OperatingPoint(1.0, 0, 2500, 3300, 4.0, 4.5, 0.60)])


def report(number: int, receiver_id: int = RECEIVER, start_ns: int = START_NS) -> SimpleNamespace:
    """Make the report that a server sends after a frame, at 40 kbit/s."""
    arrivals = [ServerArrival(sequence, 50.0 + PERIOD_S * sequence + 0.12, 600, 0.02)
                for sequence in range(max(0, number - 31), number + 1)]
    message = report_message(
        start_ns, receiver_id, number, 50.0 + PERIOD_S * number + 0.13, arrivals)
    message.tag = KEY.tag_report(message)
    return message


def answer(sequence: int, start_ns: int = START_NS) -> SimpleNamespace:
    message = answer_message(start_ns, 1_000 + sequence, sequence)
    message.tag = KEY.tag_answer(message)
    return message


@dataclass
class Robot:
    """Do with each message what the onboard node does, and keep what came of it."""

    outcome: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.guard = ReplyGuard(KEY)
        self.controller = WidthController(POINTS, ControlSettings(target_fps=10.0))
        self.book = AnswerBook()

    def send(self, sequence: int, now_s: float) -> None:
        """Decide about a frame and send it."""
        decision = self.controller.decide(now_s, now_s - 0.01)
        self.controller.on_sent(sequence, 600, 0.001, decision.width, decision.rate, now_s)
        header: FrameHeader = replace(
            GOLDEN.header, sequence=sequence, reference=None, stamp_ns=1_000 + sequence)
        self.book.expect(header, now_s)
        signed = self.guard.sign(replace(GOLDEN, header=header))
        self.outcome.append(repr((
            decision, signed, self.controller.capacity_kbps, self.controller.backlog_ms)))

    def hear_report(self, message: SimpleNamespace, now_s: float) -> None:
        """Take a report."""
        if message.sender_start.sec * 10**9 + message.sender_start.nanosec != START_NS:
            self.refused['another robot'] += 1
            return
        try:
            self.guard.admit_report(message, now_s)
        except WireError as error:
            self.refused[type(error).__name__] += 1
            return
        self.controller.on_report(LinkReportData(
            message.receiver_id, message.report_sequence, message.sent_s, tuple(
                Arrival(sequence, arrival_s, size, server_ms / 1e3)
                for sequence, arrival_s, size, server_ms in zip(
                    message.sequence, message.arrival_s, message.bytes, message.server_ms,
                    strict=True)), None), now_s)

    def hear_answer(self, message: SimpleNamespace) -> None:
        """Take an answer."""
        try:
            data = AnswerData(
                START_NS, message.stamp.nanosec, message.sequence, message.class_names,
                *read_boxes(message.corners, message.scores, message.labels))
            if message.sender_start.sec * 10**9 + message.sender_start.nanosec != START_NS:
                self.refused['another robot'] += 1
                return
            self.guard.admit_answer(message)
        except WireError as error:
            self.refused[type(error).__name__] += 1
            return
        taken = self.book.take(data)
        if isinstance(taken, AnswerDrop):
            self.refused[taken.value] += 1
        else:
            self.outcome.append(repr((taken, data.labels, data.corners)))


class Attacker:
    """Hear every message, know everything but the key, and make messages of its own."""

    def __init__(self) -> None:
        self._random = Random(7)
        # Of this robot by an earlier run of the server, which it heard; of an earlier run of it.
        self._reports = [report(number, EARLIER_RECEIVER) for number in range(10)]
        self._reports += [report(number, start_ns=EARLIER_NS) for number in range(10)]
        self._answers = [answer(sequence, EARLIER_NS) for sequence in range(10)]

    def listen(self, reported: SimpleNamespace, answered: SimpleNamespace) -> None:
        """Record messages."""
        self._reports.append(reported)
        self._answers.append(answered)

    def reports(self) -> Iterator[SimpleNamespace]:
        """Yield forged, altered and recorded reports."""
        return self._spoilt(self._reports, KEYED_REPORT, REPORT_CHANGES)

    def answers(self) -> Iterator[SimpleNamespace]:
        """Yield forged, altered and recorded answers."""
        return self._spoilt(self._answers, KEYED_ANSWER, ANSWER_CHANGES)

    def _spoilt(
        self, recorded: list[SimpleNamespace], tag: Callable[[SimpleNamespace], bytes],
        changes: tuple[Callable[[SimpleNamespace, Random], None], ...],
    ) -> Iterator[SimpleNamespace]:
        for number in range(TRIES):
            message = copy(self._random.choice(recorded))
            match number % 5:
                case 0:
                    message.tag = self._random.randbytes(TAG_BYTES)
                case 1:
                    message.tag = tag(message)
                case 2:
                    message.tag = b''
                case 3:
                    self._random.choice(changes)(message, self._random)
            yield message


KEYED_REPORT, KEYED_ANSWER = OTHER_KEY.tag_report, OTHER_KEY.tag_answer
REPORT_CHANGES = (
    lambda message, random: setattr(message, 'sent_s', message.sent_s + random.uniform(1, 100)),
    lambda message, random: setattr(message, 'receiver_id', random.getrandbits(64)),
    lambda message, random: setattr(message, 'arrival_s', array('d', [
        arrival_s + 1.0 for arrival_s in message.arrival_s])),
    lambda message, random: setattr(message, 'server_ms', array('f', [
        9.0] * len(message.server_ms))),
    lambda message, random: setattr(message, 'decoded_sequence', random.getrandbits(32)))
ANSWER_CHANGES = (
    lambda message, random: setattr(message, 'labels', array('H', [0, 0])),
    lambda message, random: setattr(message, 'scores', array('H', [65_535, 65_535])),
    lambda message, random: setattr(message, 'sequence', message.sequence + 1),
    lambda message, random: setattr(message, 'corners', array('H', [1] * 8)))


def run(attacker: Attacker | None) -> Robot:
    """Send 10 frames a second, of which each is reported and answered after the attacker's."""
    robot = Robot()
    for number in range(10):
        robot.guard.admit_report(report(number, EARLIER_RECEIVER), -100.0)
    for sequence in range(FRAMES):
        now_s = PERIOD_S * sequence
        robot.send(sequence, now_s)
        if attacker:
            for message in attacker.reports():
                robot.hear_report(message, now_s + 0.05)
            for message in attacker.answers():
                robot.hear_answer(message)
        reported, answered = report(sequence), answer(sequence)
        robot.hear_report(reported, now_s + 0.06)
        robot.hear_answer(answered)
        if attacker:
            attacker.listen(reported, answered)
    return robot


def test_70_000_forged_altered_and_replayed_replies_have_no_effect_but_a_count() -> None:
    alone, attacked = run(None), run(Attacker())

    assert alone.refused == Counter()
    assert len(alone.outcome) == 2 * FRAMES
    assert attacked.outcome == alone.outcome
    assert attacked.refused.total() == 2 * FRAMES * TRIES
    assert set(attacked.refused) == {
        'UnauthenticatedError', 'ReplayedError', 'duplicate', 'another robot'}
