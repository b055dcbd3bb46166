"""Does a server with a key do the same, frame for frame, whatever else is on its topic?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random
from types import SimpleNamespace

import pytest

from slim_split_ros.offboard import FrameGuard, OffboardError, Received, Reception, Starts
from slim_split_ros.wire import (
    Frame,
    FrameGeometry,
    FrameHeader,
    Manifest,
    WireError,
    encoded_frame_bytes,
    load_manifest,
    read_frame,
)
from slim_split_ros.wire.authentication import MARK, TAG_BYTES, AuthKey
from support.bundles import write_tiny_bundle
from support.messages import frame_message

pytest.importorskip('onnx', reason='the tiny model is built with onnx: make setup-training')

KEY, OTHER_KEY = AuthKey(b'k' * 32), AuthKey(b'o' * 32)
RECEIVER, EARLIER_RECEIVER = 0x0123456789abcdef, 0xfedcba9876543210
ROBOT, RESTARTED, RECORDED = 1_000, 2_000, 500
FRAMES, PERIOD_S = 65, 0.1
# For each of 130 frames: 130,000.
TRIES = 1_000
REFUSALS = {'UnauthenticatedError', 'ReplayedError', 'UnprovenError', 'ChecksumError',
            'FieldError'}


@pytest.fixture(scope='module')
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return load_manifest(write_tiny_bundle(tmp_path_factory.mktemp('model')))


@dataclass
class Far:
    """Do with each message what the offboard node does, and keep what came of it."""

    manifest: Manifest
    outcome: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    questions: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.guard = FrameGuard(KEY, RECEIVER, Starts())
        self.reception = Reception(self.manifest, RECEIVER)

    def hear(self, message: SimpleNamespace, now_s: float) -> None:
        """Take a message."""
        try:
            frame = read_frame(message)
            size = encoded_frame_bytes(frame.header.frame_id, len(frame.payload))
            frame = self.guard.admit(frame, now_s)
            self.reception.receive(Received(frame, size, now_s))
        except (WireError, OffboardError) as error:
            self.refused[type(error).__name__] += 1

    def work(self, now_s: float) -> None:
        """Serve whose turn it is, and report."""
        received, late = self.reception.next_frame(now_s)
        if received:
            self.reception.decoded(received)
            self.reception.served(received, now_s + 0.01)
        reports = self.reception.due_reports(now_s + 0.02)
        self.outcome.append(repr((received, late, reports, self.reception.load)))
        self.questions += [
            question.sender_start_ns for question in self.guard.questions(now_s)]


class Attacker:
    """Hear every message, know everything but the key, and make the next message of its own."""

    def __init__(self, manifest: Manifest) -> None:
        self._random = Random(7)
        # Of an earlier start of the robot, and of this one before the server started again.
        self._recorded = [
            frame_message(frame) for start_ns in (RECORDED, ROBOT)
            for frame in session(manifest, start_ns, EARLIER_RECEIVER)]
        self._kinds: tuple[Callable[[SimpleNamespace], SimpleNamespace], ...] = (
            self._forged, self._of_another_key, self._untagged, self._of_another_frame,
            self._altered, self._damaged, self._replayed)

    def listen(self, message: SimpleNamespace) -> None:
        """Record a message."""
        self._recorded.append(message)

    def messages(self) -> Iterator[SimpleNamespace]:
        """Yield messages, each kind in turn."""
        for number in range(TRIES):
            yield self._kinds[number % len(self._kinds)](self._random.choice(self._recorded))

    def _replayed(self, message: SimpleNamespace) -> SimpleNamespace:
        return message

    def _forged(self, message: SimpleNamespace) -> SimpleNamespace:
        """Put a guess in the place of the tag of the next frame, of this robot or of another."""
        frame = read_frame(message)
        start_ns = self._random.choice([ROBOT, RESTARTED, self._random.getrandbits(60)])
        header = replace(frame.header, sender_start_ns=start_ns,
                         sequence=self._random.choice([FRAMES, self._random.getrandbits(32)]))
        tag = self._random.randbytes(TAG_BYTES)
        receiver = RECEIVER.to_bytes(8, 'little')
        return frame_message(Frame(header, MARK + receiver + tag + frame.payload[21:]))

    def _of_another_key(self, message: SimpleNamespace) -> SimpleNamespace:
        frame = read_frame(message)
        return frame_message(OTHER_KEY.sign_frame(Frame(frame.header, frame.payload[21:]),
                                                  RECEIVER))

    def _untagged(self, message: SimpleNamespace) -> SimpleNamespace:
        frame = read_frame(message)
        return frame_message(Frame(frame.header, frame.payload[21:]))

    def _of_another_frame(self, message: SimpleNamespace) -> SimpleNamespace:
        """Put the tag of one frame before the payload of another number, or for this run."""
        frame = read_frame(message)
        if self._random.random() < 0.5:
            payload = MARK + RECEIVER.to_bytes(8, 'little') + frame.payload[9:] + b'\0'
            return frame_message(Frame(frame.header, payload))
        header = replace(frame.header, sequence=frame.header.sequence + 1_000)
        return frame_message(Frame(header, frame.payload))

    def _altered(self, message: SimpleNamespace) -> SimpleNamespace:
        """Change a field, or a bit behind the mark, and mend the checksum."""
        frame = read_frame(message)
        name = self._random.choice(['stamp_ns', 'rate', 'fingerprint', 'encode_ms', ''])
        if name:
            header = replace(frame.header, **{name: getattr(frame.header, name) + 1})
            return frame_message(Frame(header, frame.payload))
        payload = bytearray(frame.payload)
        payload[self._random.randrange(1, len(payload))] ^= 1 << self._random.randrange(8)
        return frame_message(Frame(frame.header, bytes(payload)))

    def _damaged(self, message: SimpleNamespace) -> SimpleNamespace:
        spoilt = SimpleNamespace(**vars(message))
        if self._random.random() < 0.5:
            spoilt.sequence ^= 1 << self._random.randrange(32)
        else:
            spoilt.width = self._random.choice([-1.0, float('nan'), 7.0])
        return spoilt


def session(manifest: Manifest, start_ns: int, receiver_id: int) -> Iterator[Frame]:
    """Yield the frames of one start of a robot."""
    random = Random(start_ns)
    header = FrameHeader(
        sender_start_ns=start_ns, sequence=0, geometry=FrameGeometry(640, 480, 416, 320),
        width=0.5, rate=1, fingerprint=manifest.fingerprint, stamp_ns=2, encode_ms=0.5)
    for sequence in range(FRAMES):
        payload = bytes([manifest.coder]) + random.randbytes(300)
        yield KEY.sign_frame(
            Frame(replace(header, sequence=sequence), payload), receiver_id)


def run(manifest: Manifest, attacker: Attacker | None) -> Far:
    """Run a robot that starts again once; an attacker may do as much as it likes in between."""
    far = Far(manifest)
    frames = [*session(manifest, ROBOT, RECEIVER), *session(manifest, RESTARTED, RECEIVER)]
    for number, frame in enumerate(frames):
        now_s, message = PERIOD_S * number, frame_message(frame)
        if attacker:
            for index, hostile in enumerate(attacker.messages()):
                far.hear(hostile, now_s + (index + 1) / TRIES * PERIOD_S / 2)
            attacker.listen(message)
        far.hear(message, now_s + 0.6 * PERIOD_S)
        far.work(now_s + 0.7 * PERIOD_S)
    return far


def test_130_000_forged_altered_and_replayed_frames_have_no_effect_but_a_count(
    manifest: Manifest
) -> None:
    alone = run(manifest, None)
    attacked = run(manifest, Attacker(manifest))

    assert alone.refused == Counter()
    assert all('received=None' not in line and line.count('Frame(') for line in alone.outcome)
    assert attacked.outcome == alone.outcome
    assert attacked.refused.total() == 2 * FRAMES * TRIES
    assert set(attacked.refused) == REFUSALS
    # A recording of before the server started might be a robot that has not heard of it.
    assert set(attacked.questions) == {RECORDED, ROBOT}
    assert len(attacked.questions) <= 2 * 2 * FRAMES
