"""Which frame an answer belongs to: the frames that were sent are remembered for a while."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from threading import Lock

from slim_split_ros.wire import FrameHeader
from slim_split_ros.wire.answer import AnswerData

# 4 s at 60 frames a second, 25 s at 10: longer than any answer that is of use.
_FRAMES_KEPT = 256


class AnswerDrop(Enum):
    """
    Name why an answer to this sender is not taken.

    `UNKNOWN`: no frame of this number and stamp was sent lately.
    """

    DUPLICATE = 'duplicate'
    UNKNOWN = 'unknown'


@dataclass(frozen=True, slots=True)
class Expected:
    """Hold a frame that was sent; `captured_s` is on the sender's steady clock."""

    header: FrameHeader
    captured_s: float


class AnswerBook:
    """
    Remember frames and match answers with them; shared by the threads that send and receive.

        book = AnswerBook()
        book.expect(frame.header, captured_s)
        match book.take(answer):
            case Expected(header): ...
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[int, Expected] = OrderedDict()
        self._answered: OrderedDict[int, int] = OrderedDict()
        self._lock = Lock()

    def expect(self, header: FrameHeader, captured_s: float) -> None:
        """Remember a frame; call it before the frame is published."""
        with self._lock:
            self._waiting[header.sequence] = Expected(header, captured_s)
            _bound(self._waiting)

    def take(self, answer: AnswerData) -> Expected | AnswerDrop:
        """Return the frame that is answered for the first time, or why there is none."""
        with self._lock:
            if self._answered.get(answer.sequence) == answer.stamp_ns:
                return AnswerDrop.DUPLICATE
            expected = self._waiting.get(answer.sequence)
            if expected is None or expected.header.stamp_ns != answer.stamp_ns:
                return AnswerDrop.UNKNOWN
            del self._waiting[answer.sequence]
            self._answered[answer.sequence] = answer.stamp_ns
            _bound(self._answered)
            return expected


def _bound(frames: OrderedDict) -> None:
    if len(frames) > _FRAMES_KEPT:
        frames.popitem(last=False)
