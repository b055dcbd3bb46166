"""What the controller answers for a frame: the point, what limits it, and what to do."""

from dataclasses import dataclass
from enum import Enum

from slim_split_ros.control.operating_points import CODERS, OperatingPoint, PointName

# The word under which frames are counted that are past their deadline before they are sent.
LATE = 'late'


class Reason(Enum):
    """Name what limits the choice, as `EncoderStatus.reason` shows it."""

    PINNED = 'pinned'       # the user chose
    LINK = 'link'           # the link's forecast
    SERVER = 'server'       # the server's time: it takes the deadline, or keeps up with less
    COMPUTE = 'compute'     # encoding time: with faster encoding more would be sent
    BUDGET = 'budget'       # max_bitrate_kbps
    OUTAGE = 'outage'       # nothing comes through; only small frames, paced, try the link


class Action(Enum):
    """Name what becomes of the frame now."""

    SEND = 'send'
    HOLD = 'hold'           # it stays the newest: ask again at the next report
    DROP = 'drop'           # the reason says why
    EXPIRE = 'expire'       # drop, since its deadline has passed


@dataclass(frozen=True, slots=True)
class Decision:
    """
    Hold the point to send at, the reason for it, and what becomes of the frame.

    A frame that is `alone` must decode without any other; one that is not continues what its
    coder made before.
    """

    width: float
    rate: int
    reason: Reason
    action: Action = Action.SEND
    coder: str = CODERS[0]
    alone: bool = True

    @classmethod
    def at(cls, point: OperatingPoint, reason: Reason, action: Action = Action.SEND) -> 'Decision':
        """Decide for a point."""
        return cls(point.width, point.rate, reason, action, point.coder, point.alone)

    @property
    def point_name(self) -> PointName:
        """Name the point."""
        return PointName(self.coder, self.width, self.rate, self.alone)

    @property
    def send(self) -> bool:
        """Say whether the frame goes now."""
        return self.action is Action.SEND

    @property
    def hold(self) -> bool:
        """Say whether to ask again, unless a newer frame has taken its place."""
        return self.action is Action.HOLD

    @property
    def drop_reason(self) -> str:
        """Give the word under which the frame counts if it is not sent."""
        return LATE if self.action is Action.EXPIRE else self.reason.value
