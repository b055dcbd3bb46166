"""
What becomes of an image: sent, held for a better moment, or dropped, and why.

The choice of width is the controller's, the pixels are the encoder's; here is the order in which
they are asked. Publishing, counting and logging are the caller's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from slim_split_ros.control import Action, Decision, WidthController
from slim_split_ros.onboard.encoder import VIDEO, Encoded, FrameEncoder
from slim_split_ros.onboard.errors import EncodingError, ImageError, OnboardError
from slim_split_ros.onboard.pixels import PixelView
from slim_split_ros.wire import (
    Frame,
    FrameHeader,
    GeometryError,
    WireError,
    encoded_frame_bytes,
)

_S_PER_NS = 1e-9
_S_PER_MS = 1e-3
_MS_PER_S = 1e3
# The message counts in uint32; at 30 frames a second it wraps after 4 years.
_SEQUENCES = 2**32
# Longer than any deadline, far shorter than the distance to another clock: a bag's recording,
# simulated time, 1970.
_LONGEST_AGE_S = 60.0


@dataclass(frozen=True, slots=True)
class CameraImage:
    """
    Hold an image that may be sent.

    `captured_s` is on the sender's steady clock; `read` gives the pixels, and raises ImageError
    for an image whose fields contradict each other.
    """

    read: Callable[[], PixelView]
    stamp_ns: int
    frame_id: str
    captured_s: float


@dataclass(frozen=True, slots=True)
class Sent:
    """Hold a frame that is to be published now; the controller counts it as sent already."""

    frame: Frame
    message_bytes: int
    reason: str
    coder: str


@dataclass(frozen=True, slots=True)
class Held:
    """Say why an image waits: offer it again after the next report unless a newer one came."""

    reason: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """
    Say in one word why an image goes nowhere.

    `sentence` says what is wrong and what to do; it is empty where the policy skipped the image,
    which is no fault.
    """

    reason: str
    sentence: str = ''


@dataclass(frozen=True, slots=True)
class _Costs:
    """Hold what a frame took: to get its pixels, and to encode it, both times if it was two."""

    read_s: float
    encode_ms: float


class Sender:
    """
    Decide about one image after the other, encode and number those that go; for one thread.

    `now` is the steady clock of every time here, in seconds.

        sender = Sender(encoder, controller, manifest.fingerprint, start_ns, time.monotonic)
        outcome = sender.offer(image)
    """

    def __init__(
        self, encoder: FrameEncoder, controller: WidthController, fingerprint: int,
        sender_start_ns: int, now: Callable[[], float], tag_bytes: int = 0,
    ) -> None:
        """Count `tag_bytes` to each frame, which the caller puts around its payload."""
        self._encoder = encoder
        self._controller = controller
        self._fingerprint = fingerprint
        self._sender_start_ns = sender_start_ns
        self._now = now
        self._tag_bytes = tag_bytes
        self._sequence = 0
        # The frame that the encoder's next one continues, if it does not decode alone.
        self._reference: int | None = None

    def offer(self, image: CameraImage) -> Sent | Held | Dropped:
        """Send an image, keep it, or drop it; what nobody foresaw is raised."""
        decision = self._controller.decide(self._now(), image.captured_s)
        if not decision.send:
            return self._not_sent(image, decision)
        try:
            return self._encode(image, decision)
        except (OnboardError, WireError) as error:
            return Dropped(_word(error), f'image dropped: {error}')

    def _encode(self, image: CameraImage, decision: Decision) -> Sent | Held | Dropped:
        """Encode, once more if the size asks for another point; the second continues nothing."""
        started_s = self._now()
        view = image.read()
        read_s = self._now() - started_s
        encoded = self._encode_at(view, decision)
        encode_ms = encoded.encode_ms
        revised = self._controller.revise(
            decision, self._message_bytes(image, encoded), self._now())
        if revised.send and revised.point_name != decision.point_name:
            self._give_up(encoded)
            encoded = self._encode_at(view, revised)
            encode_ms += encoded.encode_ms
            revised = self._controller.confirm(
                revised, self._message_bytes(image, encoded), self._now())
        if not revised.send:
            self._give_up(encoded)
            return self._not_sent(image, revised)
        return self._send(image, revised, encoded, _Costs(read_s, encode_ms))

    def _encode_at(self, view: PixelView, decision: Decision) -> Encoded:
        return self._encoder.encode(
            view.array, decision.width, decision.rate, view.channel_order, decision.coder,
            decision.alone)

    def _give_up(self, encoded: Encoded) -> None:
        """Forget a frame that nobody will have, so that none continues it."""
        if encoded.coder == VIDEO:
            self._encoder.forget()

    def _send(
        self, image: CameraImage, decision: Decision, encoded: Encoded, costs: _Costs
    ) -> Sent:
        reference = None if encoded.alone else self._reference
        header = FrameHeader(
            self._sender_start_ns, self._sequence, encoded.geometry, decision.width,
            decision.rate, self._fingerprint, image.stamp_ns, costs.encode_ms,
            frame_id=image.frame_id, reference=reference)
        message_bytes = self._message_bytes(image, encoded)
        # Before it is published: the report of its arrival may be quicker than this thread. The
        # controller compares with the table, which knows one encoding.
        self._controller.on_sent(
            self._sequence, message_bytes, _S_PER_MS * encoded.encode_ms, decision.width,
            decision.rate, self._now(), costs.read_s, encoded.coder, reference)
        if encoded.coder == VIDEO:
            self._reference = self._sequence
        self._sequence = (self._sequence + 1) % _SEQUENCES
        return Sent(
            Frame(header, encoded.payload), message_bytes, decision.reason.value, encoded.coder)

    def _message_bytes(self, image: CameraImage, encoded: Encoded) -> int:
        return encoded_frame_bytes(image.frame_id, len(encoded.payload) + self._tag_bytes)

    def _not_sent(self, image: CameraImage, decision: Decision) -> Held | Dropped:
        if decision.action is Action.HOLD:
            return Held(decision.reason.value)
        if decision.action is Action.DROP:
            return Dropped(decision.drop_reason)
        age_ms = _MS_PER_S * (self._now() - image.captured_s)
        return Dropped(decision.drop_reason, (
            f'image dropped: it was {age_ms:.0f} ms old by its stamp, deadline_ms is '
            f'{_MS_PER_S * self._controller.deadline_s:.0f}: look for what delays the camera, '
            'set the clock that stamps its images, or raise deadline_ms'))


def image_age_s(stamp_ns: int, now_ns: int) -> float:
    """
    Return how long ago an image was taken, by its stamp and the node's clock.

    An age is believed up to a minute. A stamp of another clock altogether (a bag's recording,
    simulated time, zero, a future) says nothing about the age, and the image counts as new.

    >>> image_age_s(10_000_000_000, 12_500_000_000), image_age_s(0, 1_700_000_000_000_000_000)
    (2.5, 0.0)
    """
    age_s = (now_ns - stamp_ns) * _S_PER_NS
    return age_s if 0.0 <= age_s <= _LONGEST_AGE_S else 0.0


def _word(error: OnboardError | WireError) -> str:
    """Name why an image did not become a frame."""
    words = ((EncodingError, 'encoding'), ((ImageError, GeometryError), 'image'),
             (WireError, 'header'), (OnboardError, 'encoder'))
    return next(word for kind, word in words if isinstance(error, kind))
