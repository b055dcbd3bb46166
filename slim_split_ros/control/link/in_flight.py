"""
Which frames were sent and not yet reported, and how many were lost.

The ledger believes the sender's own numbers only: sizes and times come from `on_sent`, an
arrival merely names a sequence. A frame counts as lost once a later one has arrived and time
enough has passed for reordering.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

# A later frame's arrival proves nothing before this: delays of successive frames may differ.
REORDERING_S = 0.15
# Above any queue a link keeps (one second at its mean rate), twice.
FORGET_AFTER_S = 30.0
MOST_FRAMES = 1024
# Loss is a mean over about this many frames.
LOSS_MEMORY = 50.0
# What needs other frames has to last: a link that lost frames of late is not trusted for a while,
# however the last few went. A mean over about this many.
LASTING_MEMORY = 200.0
# What is believed of a link that nothing is known of: too much to lean on, for a second or two.
FIRST_LOSS = 0.05
LEAST_LOSS = 1e-4  # less makes no difference to any choice
# More lost at once tell of an outage or a full queue, and count as one: in those small frames die
# as surely as large ones, and neither once it is over.
MOST_BY_CHANCE = 3
# A frame in one message is lost with any of its datagrams.
DATAGRAM_BITS = 8.0 * 1200.0


@dataclass(frozen=True, slots=True)
class SentFrame:
    """Hold one frame as handed to the middleware."""

    sequence: int
    sent_s: float
    bits: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    Hold one frame that arrived, on the sender's clock but for `arrival_s`, the receiver's.

    `begun_s` to `left_s` is when the link was busy with it (propagation taken off);
    `round_trip_s` is without the report's waiting.
    """

    sequence: int
    bits: float
    sent_s: float
    begun_s: float
    left_s: float
    round_trip_s: float
    arrival_s: float
    rate_bps: float


class InFlight:
    """Keep the frames on their way, oldest first."""

    def __init__(self) -> None:
        """Start with nothing sent."""
        self._frames: OrderedDict[int, SentFrame] = OrderedDict()
        self.loss = 0.0
        self._lasting_loss = FIRST_LOSS
        self._outcomes = 0
        self._datagrams = 1.0       # of a frame, the mean over those that `loss` is about

    def __iter__(self) -> Iterable[SentFrame]:
        """Go through the frames on their way, oldest first."""
        return iter(self._frames.values())

    def __len__(self) -> int:
        """Count the frames on their way."""
        return len(self._frames)

    def add(self, frame: SentFrame) -> None:
        """Note a frame as sent; a repeated sequence replaces the older."""
        self._frames.pop(frame.sequence, None)
        self._frames[frame.sequence] = frame
        if len(self._frames) > MOST_FRAMES:
            self._frames.popitem(last=False)

    def find(self, sequence: int) -> SentFrame | None:
        """Give the frame of that sequence; None if it is not on its way."""
        return self._frames.get(sequence)

    def take(self, sequence: int) -> SentFrame | None:
        """Give and forget the frame of that sequence; None if it is not on its way."""
        frame = self._frames.pop(sequence, None)
        if frame is not None:
            self._note_outcome(frame, lost=False)
        return frame

    def drop_lost(self, newest_arrived_s: float, now_s: float) -> list[SentFrame]:
        """
        Forget what was overtaken, or sent too long ago, and give it.

        `newest_arrived_s` is when the newest frame known to have arrived was sent.
        """
        lost = []
        for frame in self._frames.values():
            overtaken = (frame.sent_s < newest_arrived_s <= now_s
                         and now_s - frame.sent_s > REORDERING_S)
            if not overtaken and now_s - frame.sent_s < FORGET_AFTER_S:
                break
            lost.append(frame)
        for frame in lost:
            del self._frames[frame.sequence]
        for frame in lost if len(lost) <= MOST_BY_CHANCE else lost[:1]:
            self._note_outcome(frame, lost=True)
        return lost

    def clear(self) -> None:
        """Forget every frame: the far side or a clock started anew."""
        self._frames.clear()

    def survival(self, bits: float) -> float:
        """Give the chance that a frame of that many bits is not lost: all its datagrams arrive."""
        return self._survival(self.loss, bits)

    def lasting_survival(self, bits: float) -> float:
        """Give the same, by the loss of the last frames or of many, whichever is higher."""
        return self._survival(max(self.loss, self._lasting_loss), bits)

    def _survival(self, loss: float, bits: float) -> float:
        if loss < LEAST_LOSS:
            return 1.0
        return (1.0 - loss) ** (_datagrams(bits) / self._datagrams)

    def _note_outcome(self, frame: SentFrame, lost: bool) -> None:
        outcome = 1.0 if lost else 0.0
        self._outcomes += 1
        self.loss += (outcome - self.loss) / LOSS_MEMORY
        self._lasting_loss += (outcome - self._lasting_loss) / max(
            LOSS_MEMORY, min(self._outcomes, LASTING_MEMORY))
        self._datagrams += (_datagrams(frame.bits) - self._datagrams) / LOSS_MEMORY


def _datagrams(bits: float) -> int:
    return max(1, ceil(bits / DATAGRAM_BITS))
