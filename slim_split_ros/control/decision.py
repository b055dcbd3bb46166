"""What the controller answers for a frame."""

from dataclasses import dataclass
from enum import Enum


class Reason(Enum):
    """Name what limits the choice, as `EncoderStatus.reason` shows it."""

    PINNED = 'pinned'       # the user chose
    LINK = 'link'           # the link's forecast
    COMPUTE = 'compute'     # encoding time: with faster encoding more would be sent
    BUDGET = 'budget'       # max_bitrate_kbps
    OUTAGE = 'outage'       # nothing comes through; only small frames, paced, try the link


@dataclass(frozen=True, slots=True)
class Decision:
    """
    Hold the point to send at; without `send` the frame waits (`hold`) or is skipped.

    A held frame stays the newest in the mailbox: ask again when the next report comes,
    unless a newer frame has taken its place.
    """

    width: float
    rate: int
    reason: Reason
    send: bool = True
    hold: bool = False
