"""
What sending a frame at an operating point is worth, in accuracy.

worth = accuracy × P(not lost) × P(on time) − harm to later frames

P(on time) is the forecast's. Harm: while the queue is as long as a frame may wait, every frame
offered is late, so a second of such queue costs target_fps frames; a shorter one costs in
proportion to its length, as a gap may make it long. So a little queue keeps a varying link
busy and a large one is never built. Source: expected-utility form of Salsify's choice of a
frame's size (Fouladi et al., NSDI 2018, section 4) with a shadow price for the queue.
"""

from collections.abc import Callable

from slim_split_ros.control.operating_points import OperatingPoint
from slim_split_ros.control.policy.forecast import Forecast

# How much of that price a queue costs. More than 1, since what the link will carry is a guess that
# may be too high; at 1 a constant link is filled to the brim, and widths swing on it.
PRICE_SHARE = 1.25


class Worth:
    """Hold what the points of one decision share."""

    def __init__(self, forecast: Forecast, accuracy: float, fps: float, slack_s: float,
                 survival: Callable[[float], float]) -> None:
        """
        `accuracy` is what a later frame is reckoned to be worth.

        `survival` gives the chance that a frame of so many bits is not lost.
        """
        self._forecast, self._slack_s, self._survival = forecast, slack_s, survival
        self._harm = PRICE_SHARE * accuracy * fps / (2.0 * slack_s)
        self.of_nothing = -self.harm(0.0)

    def of(self, point: OperatingPoint, bits: float, encode_s: float) -> float:
        """Give the worth of a frame of that many bits, which takes that long to encode."""
        return self.gain(point, bits, encode_s) - self.harm(bits)

    def gain(self, point: OperatingPoint, bits: float, encode_s: float) -> float:
        """Give the accuracy that is expected of a frame, lost and late ones counted as 0."""
        share_left = 1.0 - encode_s / self._slack_s
        if share_left <= 0.0:
            return 0.0
        chance = self._forecast.chance_on_time(bits / share_left)
        return point.ap50 * self._survival(bits) * chance

    def harm(self, bits: float) -> float:
        """Give what a frame of that many bits costs later ones."""
        return self._harm * self._forecast.mean_square_left_s(bits)
