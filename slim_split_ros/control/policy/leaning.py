"""
What a frame is worth beside itself, where later ones may lean on it.

A point that is not alone costs a part of the bytes, and its frame is worth nothing unless all
that it leans on arrives. So to each frame's own worth comes what it does for those after it: a
beginning of a video lets them lean, at what that gains a frame; a lost one takes those along
that are sent before a report of it comes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from slim_split_ros.control.operating_points import OperatingPoint

# A beginning pays over the frames of this time, fewer where frames are lost.
HORIZON_S = 1.0
# What leans costs half of the bytes, which is seldom worth more than a tenth of the accuracy.
# Where more than that is lost along nothing leans: little gains are errors of the estimate then.
MOST_LOST_ALONG = 0.1
MEAN_FRAMES = 8.0


@dataclass(frozen=True, slots=True)
class Prospect:
    """
    Hold what is known of one candidate.

    `gain` is the accuracy expected of it if it can be decoded, `harm` what it costs later frames,
    `survival` the chance that it is not lost.
    """

    point: OperatingPoint
    gain: float
    harm: float
    survival: float


@dataclass(frozen=True, slots=True)
class StreamState:
    """
    Hold what can be leaned on: pictures of `long_side`, decodable with that chance.

    `blind_frames` are sent before a loss is known, `frames_ahead` is the horizon in frames.
    """

    long_side: int | None
    chance_intact: float
    blind_frames: float
    frames_ahead: float

    def can_lean(self, loss: float) -> bool:
        """Say whether the loss of a small frame leaves a gain in leaning at all."""
        return self.blind_frames * loss <= MOST_LOST_ALONG

    def allows(self, point: OperatingPoint) -> bool:
        """Say whether a frame can be coded at a point now, as what the point is."""
        return point.alone or point.long_side == self.long_side


class Leaning:
    """
    Weigh candidates with what they do for the frames after them.

    What leaning gains is followed as a mean, as a beginning is paid for by many frames.
    """

    def __init__(self) -> None:
        """Start knowing of no gain."""
        self._means: dict[int, float] = {}
        self._gains: dict[int, float] = {}
        self._alone = 0.0
        self.state = StreamState(None, 0.0, 0.0, 1.0)

    def update(self, prospects: Iterable[Prospect], state: StreamState) -> None:
        """Find what leaning gains a frame now, by size of the pictures."""
        self.state = state
        alone, leaning = 0.0, {}
        for each in prospects:
            if each.point.alone:
                alone = max(alone, each.gain - each.harm)
            else:
                lost_along = (1.0 - each.survival) * state.blind_frames * each.gain
                best = leaning.get(each.point.long_side, (0.0, 1.0))
                leaning[each.point.long_side] = max(
                    best, (each.gain - each.harm - lost_along, each.survival))
        self._alone = alone
        self._gains = {}
        for side, (value, survival) in leaning.items():
            mean = self._means.get(side, 0.0)
            mean += (value - alone - mean) / MEAN_FRAMES
            self._means[side] = mean
            # Of a frame, times the frames over which it lasts.
            self._gains[side] = max(0.0, mean) / (1.0 / state.frames_ahead + 1.0 - survival)

    @property
    def of_nothing(self) -> float:
        """Give what it is worth that the video can go on after this frame, which leaves it."""
        return self.state.chance_intact * self._gains.get(self.state.long_side, 0.0)

    def of(self, each: Prospect, state: StreamState | None = None) -> float:
        """
        Give the worth of a frame, with what it does for those after it.

        Where `state` is given, the frame was encoded when that held.
        """
        state, point = state or self.state, each.point
        if point.coder != 'video':
            return each.gain - each.harm + self.of_nothing
        chance = 1.0 if point.alone else state.chance_intact
        # Whether the next ones lean on it is free.
        ahead = max(0.0, each.survival * self._gains.get(point.long_side, 0.0) -
                    (1.0 - each.survival) * state.blind_frames * self._alone)
        return chance * (each.gain + ahead) - each.harm
