"""Tests of what becomes of an image: sent, held or dropped, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from slim_split_ros.control import (
    Action,
    ControlSettings,
    Decision,
    Reason,
    WidthController,
    unmeasured_points,
)
from slim_split_ros.onboard.encoder import Encoded
from slim_split_ros.onboard.errors import EncoderError, EncodingError, ImageError, OnboardError
from slim_split_ros.onboard.pixels import PixelView
from slim_split_ros.onboard.sender import (
    CameraImage,
    Dropped,
    Held,
    Sender,
    Sent,
    image_age_s,
)
from slim_split_ros.wire import FrameGeometry, encoded_frame_bytes

START_NS = 1_795_000_000_000_000_000
FINGERPRINT = 0xfedcba9876543210
# What each width takes and how large its payloads are.
ENCODE_MS = {0.25: 2.0, 1.0: 8.0}
PAYLOAD_BYTES = {0.25: 500, 1.0: 2000}
SEND, WIDE = Decision(0.25, 0, Reason.LINK), Decision(1.0, 1, Reason.LINK)


class Clock:
    """Stand still until somebody works."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class ScriptedController:
    """Answer as it is told, and keep what it was asked."""

    decision: Decision = SEND
    revised: Decision | None = None
    confirmed: Decision | None = None
    sizes: list[int] = field(default_factory=list)
    sent: list[tuple[object, ...]] = field(default_factory=list)

    def decide(self, now_s: float, captured_s: float) -> Decision:
        return self.decision

    def revise(self, decision: Decision, message_bytes: int, now_s: float) -> Decision:
        self.sizes.append(message_bytes)
        return self.revised or decision

    def confirm(self, decision: Decision, message_bytes: int, now_s: float) -> Decision:
        self.sizes.append(message_bytes)
        return self.confirmed or decision

    def on_sent(self, *fields) -> None:
        self.sent.append(fields)


class TimedEncoder:
    """Take the time that is tabulated, and give payloads of the tabulated size."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.continues = False

    def encode(
        self, image: np.ndarray, width: float, rate: int, channel_order: str, coder: str,
        alone: bool,
    ) -> Encoded:
        if not image.any():
            raise EncoderError('no light')
        self._clock.now_s += ENCODE_MS[width] / 1000.0
        geometry = FrameGeometry.fit(image.shape[1], image.shape[0], 416, 32)
        alone = alone or coder != 'video' or not self.continues
        self.continues = self.continues or coder == 'video'
        return Encoded(bytes(PAYLOAD_BYTES[width]), (1, 1, 1), geometry, ENCODE_MS[width], 1.0,
                       coder, alone)

    def forget(self) -> None:
        self.continues = False


@dataclass
class Bench:
    """Hold a sender with everything that it works with."""

    clock: Clock
    controller: ScriptedController
    sender: Sender

    def image(self, age_s: float = 0.0, read: Callable[[], PixelView] | None = None
              ) -> CameraImage:
        return CameraImage(read or self.read_quickly, 7, 'camera', self.clock.now_s - age_s)

    def read_quickly(self) -> PixelView:
        return PixelView(np.ones((480, 640, 3), np.uint8), 'bgr')

    def read_jpeg(self) -> PixelView:
        self.clock.now_s += 0.03
        return self.read_quickly()


@pytest.fixture
def bench() -> Bench:
    clock, controller = Clock(), ScriptedController()
    return Bench(clock, controller, Sender(
        TimedEncoder(clock), controller, FINGERPRINT, START_NS, clock))


def test_a_frame_is_sent_as_the_controller_chose_under_its_own_number(bench: Bench) -> None:
    outcomes = [bench.sender.offer(bench.image()) for _ in range(2)]

    for sequence, outcome in enumerate(outcomes):
        assert isinstance(outcome, Sent)
        header = outcome.frame.header
        assert (header.sequence, header.width, header.rate) == (sequence, 0.25, 0)
        assert (header.sender_start_ns, header.fingerprint) == (START_NS, FINGERPRINT)
        assert (header.stamp_ns, header.encode_ms) == (7, 2.0)
        assert outcome.reason == 'link'
        assert outcome.message_bytes == encoded_frame_bytes('camera', 500)


def test_a_tag_around_the_payload_counts_wherever_the_size_of_a_frame_does() -> None:
    clock, controller = Clock(), ScriptedController(revised=WIDE)
    sender = Sender(TimedEncoder(clock), controller, FINGERPRINT, START_NS, clock, tag_bytes=21)

    outcome = sender.offer(Bench(clock, controller, sender).image())

    assert isinstance(outcome, Sent)
    assert outcome.message_bytes == encoded_frame_bytes('camera', 2021)
    assert controller.sizes == [
        encoded_frame_bytes('camera', 521), encoded_frame_bytes('camera', 2021)]
    assert controller.sent[0][1] == encoded_frame_bytes('camera', 2021)


def test_the_controller_learns_of_a_frame_before_it_is_published(bench: Bench) -> None:
    bench.sender.offer(bench.image())

    size = encoded_frame_bytes('camera', 500)
    assert bench.controller.sizes == [size]
    assert bench.controller.sent == [
        (0, size, 0.002, 0.25, 0, pytest.approx(100.002), 0.0, 'cells', None)]


def test_a_frame_encoded_twice_says_what_both_took_and_teaches_what_the_second_did(
    bench: Bench
) -> None:
    bench.controller.revised = WIDE

    outcome = bench.sender.offer(bench.image())

    assert isinstance(outcome, Sent)
    header = outcome.frame.header
    assert (header.width, header.rate, header.encode_ms) == (1.0, 1, 10.0)
    assert len(outcome.frame.payload) == 2000
    assert bench.controller.sizes == [
        encoded_frame_bytes('camera', 500), encoded_frame_bytes('camera', 2000)]
    assert bench.controller.sent[0][1:5] == (outcome.message_bytes, 0.008, 1.0, 1)


def test_a_second_encoding_that_came_out_too_large_is_not_sent(bench: Bench) -> None:
    bench.controller.revised = WIDE
    bench.controller.confirmed = Decision(1.0, 1, Reason.BUDGET, Action.DROP)

    assert bench.sender.offer(bench.image()) == Dropped('budget')
    assert bench.controller.sent == []


def test_decoding_a_jpeg_is_told_apart_from_encoding_it(bench: Bench) -> None:
    outcome = bench.sender.offer(bench.image(0.1, bench.read_jpeg))

    assert isinstance(outcome, Sent)
    assert outcome.frame.header.encode_ms == 2.0
    _, _, encode_s, _, _, now_s, decode_s, *_ = bench.controller.sent[0]
    assert (encode_s, decode_s) == (0.002, pytest.approx(0.03))
    assert now_s == pytest.approx(100.032)


@pytest.mark.parametrize('reason', [Reason.LINK, Reason.OUTAGE, Reason.BUDGET])
@pytest.mark.parametrize(('action', 'kind'), [(Action.HOLD, Held), (Action.DROP, Dropped)])
def test_what_the_policy_does_not_send_is_held_or_dropped_for_its_reason(
    bench: Bench, reason: Reason, action: Action, kind: type
) -> None:
    bench.controller.decision = Decision(0.25, 0, reason, action)

    assert bench.sender.offer(bench.image()) == kind(reason.value)
    assert bench.controller.sent == []


def test_a_frame_that_its_size_forbids_is_not_sent_and_uses_no_number(bench: Bench) -> None:
    bench.controller.revised = Decision(0.25, 0, Reason.BUDGET, Action.DROP)
    assert bench.sender.offer(bench.image()) == Dropped('budget')

    bench.controller.revised = None
    outcome = bench.sender.offer(bench.image())

    assert isinstance(outcome, Sent)
    assert outcome.frame.header.sequence == 0


@pytest.mark.parametrize(('age_s', 'deadline_s', 'kind'), [
    (0.29, 0.3, Sent), (0.31, 0.3, Dropped), (2.5, 3.0, Sent), (2.5, 2.0, Dropped)])
def test_an_image_past_its_deadline_is_dropped_with_its_age_and_the_limit(
    age_s: float, deadline_s: float, kind: type
) -> None:
    clock = Clock()
    controller = WidthController(
        unmeasured_points(ENCODE_MS), ControlSettings(deadline_s=deadline_s))
    sender = Sender(TimedEncoder(clock), controller, FINGERPRINT, START_NS, clock)
    bench = Bench(clock, controller, sender)

    outcome = sender.offer(bench.image(age_s))

    assert isinstance(outcome, kind)
    if isinstance(outcome, Dropped):
        assert outcome.reason == 'late'
        assert f'{1000 * age_s:.0f} ms old' in outcome.sentence
        assert f'deadline_ms is {1000 * deadline_s:.0f}' in outcome.sentence


def raising(error: OnboardError) -> Callable[[], PixelView]:
    def read() -> PixelView:
        raise error
    return read


@pytest.mark.parametrize(('read', 'reason', 'words'), [
    (raising(EncodingError("'thermal17' is not supported")), 'encoding', 'thermal17'),
    (raising(ImageError('step is 3')), 'image', 'step is 3'),
    (lambda: PixelView(np.ones((1, 16385, 3), np.uint8), 'bgr'), 'image', '16385'),
    (lambda: PixelView(np.zeros((480, 640, 3), np.uint8), 'bgr'), 'encoder', 'no light'),
], ids=['encoding', 'image', 'size', 'encoder'])
def test_an_image_that_cannot_be_encoded_costs_itself_alone_and_says_why(
    bench: Bench, read: Callable[[], PixelView], reason: str, words: str
) -> None:
    outcome = bench.sender.offer(bench.image(read=read))

    assert isinstance(outcome, Dropped)
    assert outcome.reason == reason
    assert words in outcome.sentence
    assert isinstance(bench.sender.offer(bench.image()), Sent)


def decide_video(alone: bool, width: float = 0.25, action: Action = Action.SEND) -> Decision:
    return Decision(width, 0, Reason.LINK, action, 'video', alone)


def references(bench: Bench, *decisions: Decision) -> list[int | None]:
    """Send an image at each decision; return what their headers say they need."""
    found = []
    for decision in decisions:
        bench.controller.decision = decision
        outcome = bench.sender.offer(bench.image())
        assert isinstance(outcome, Sent)
        assert outcome.coder == decision.coder
        found.append(outcome.frame.header.reference)
    return found


def test_a_frame_names_the_one_that_it_continues(bench: Bench) -> None:
    on, alone = decide_video(alone=False), decide_video(alone=True)

    assert references(bench, on, on, on, alone, on) == [None, 0, 1, None, 3]
    assert [fields[-2:] for fields in bench.controller.sent] == [
        ('video', None), ('video', 0), ('video', 1), ('video', None), ('video', 3)]


def test_a_frame_of_cells_between_is_nobodys_reference(bench: Bench) -> None:
    on = decide_video(alone=False)

    assert references(bench, on, SEND, on, SEND, SEND, on) == [None, None, 0, None, None, 2]


def test_a_frame_that_continues_another_is_encoded_again_as_one_that_does_not(
    bench: Bench,
) -> None:
    references(bench, decide_video(alone=False))
    bench.controller.decision = decide_video(alone=False)
    bench.controller.revised = decide_video(alone=True)

    outcome = bench.sender.offer(bench.image())

    assert isinstance(outcome, Sent) and outcome.frame.header.reference is None
    bench.controller.revised = None
    assert references(bench, decide_video(alone=False)) == [1]


def test_after_a_frame_that_is_not_sent_the_next_is_alone(bench: Bench) -> None:
    references(bench, decide_video(alone=False))
    bench.controller.revised = Decision(
        0.25, 0, Reason.BUDGET, Action.DROP, 'video', alone=False)
    assert bench.sender.offer(bench.image()) == Dropped('budget')
    bench.controller.revised = None

    assert references(bench, decide_video(alone=False), decide_video(alone=False)) == [None, 1]


def test_after_a_frame_that_became_another_coders_the_next_is_alone(bench: Bench) -> None:
    bench.controller.decision, bench.controller.revised = decide_video(alone=True), WIDE
    outcome = bench.sender.offer(bench.image())
    assert isinstance(outcome, Sent) and outcome.coder == 'cells'
    bench.controller.revised = None

    assert references(bench, decide_video(alone=False)) == [None]


@pytest.mark.parametrize(('stamp_s', 'now_s', 'age_s'), [
    (1000.0, 1000.0, 0.0), (1000.0, 1000.2, 0.2), (1000.0, 1002.5, 2.5), (1000.0, 1011.0, 11.0),
    (1000.0, 1000.0 - 0.01, 0.0),        # a clock that is a little ahead
    (1000.0, 1000.0 - 7200.0, 0.0),      # a future
    (1000.0, 1000.0 + 7200.0, 0.0),      # a bag of two hours ago
    (0.0, 1_795_000_000.0, 0.0),         # no stamp
    (1_795_000_000.0, 0.0, 0.0),         # simulated time that nobody publishes
])
def test_an_age_is_believed_where_both_clocks_can_be_one(
    stamp_s: float, now_s: float, age_s: float
) -> None:
    assert image_age_s(round(stamp_s * 1e9), round(now_s * 1e9)) == pytest.approx(age_s)
