"""
One sender as the server knows it: the newest of its frames waits, and the video before it is kept.

Which sender is served next is `reception.py`'s.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field, replace

from slim_split_ros.offboard.arrivals import ArrivalLog
from slim_split_ros.offboard.decode import is_video
from slim_split_ros.wire.header import Frame

# Frames of video that were not served, but that later ones lean on: 3 s at 10 a second, some
# 40 kB. Of a sender with more everything goes, and it has to send one that decodes alone.
MOST_EARLIER_FRAMES = 30
MOST_EARLIER_BYTES = 2**18
# Whoever starts anew with each frame stays a newcomer.
NEWCOMER_FRAMES = 1


@dataclass(frozen=True, slots=True)
class Received:
    """
    Hold a frame and when its message of so many serialized bytes came.

    `earlier` are frames of video of the same sender that were not served, oldest first: they are
    to be decoded before it, since later ones may lean on them.
    """

    frame: Frame
    message_bytes: int
    arrival_s: float
    earlier: tuple[Frame, ...] = ()


@dataclass(slots=True)
class Sender:
    """Hold what is known of a sender, and what of it waits."""

    log: ArrivalLog
    last_turn_s: float
    frames: int = 0
    waiting: Received | None = None
    # Of video, not served and not decoded yet, oldest first.
    earlier: list[Frame] = field(default_factory=list)

    def wait(self, received: Received) -> None:
        """Let the newest frame wait; one that was overtaken on its way is not, nor a double."""
        if self.waiting and _sequence(self.waiting.frame) == _sequence(received.frame):
            return
        older = received
        if not self.waiting or _sequence(self.waiting.frame) < _sequence(received.frame):
            self.waiting, older = received, self.waiting
            if _is_beginning(received.frame):
                self.earlier.clear()
                return
        if older:
            self.keep(older.frame)

    def keep(self, frame: Frame) -> None:
        """Keep a frame that is not served for those that lean on it: none if one alone waits."""
        if not is_video(frame) or (
                self.waiting and _is_beginning(self.waiting.frame)
                and _sequence(frame) < _sequence(self.waiting.frame)):
            return
        insort(self.earlier, frame, key=_sequence)
        if (len(self.earlier) > MOST_EARLIER_FRAMES
                or sum(len(other.payload) for other in self.earlier) > MOST_EARLIER_BYTES):
            self.earlier.clear()

    def take(self) -> Received:
        """Give up the waiting frame, with those before it."""
        received, self.waiting = self.waiting, None
        earlier, self.earlier = tuple(self.earlier), []
        return replace(received, earlier=earlier)

    @property
    def is_newcomer(self) -> bool:
        """Whether it has yet to show that it goes on sending."""
        return self.frames <= NEWCOMER_FRAMES


def _is_beginning(frame: Frame) -> bool:
    return is_video(frame) and frame.header.reference is None


def _sequence(frame: Frame) -> int:
    return frame.header.sequence
