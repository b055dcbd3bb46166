"""
What sending a frame at an operating point is worth, in accuracy.

worth = accuracy × P(not lost) × P(on time) − harm to later frames

P(on time) is the forecast's. Harm is what still waits when the next frame comes: its price a
bit is the accuracy that a later frame loses with each bit, and it grows in proportion to the
waiting, so that a little queue keeps a varying link busy and a long one is never built.
Source: expected-utility form of Salsify's choice of a frame's size (Fouladi et al., NSDI
2018, section 4) with a shadow price for the queue.
"""

from slim_split_ros.control.forecast import Forecast
from slim_split_ros.control.operating_points import OperatingPoint

# The price is full when what waits would take this share of the time a frame may queue.
FULL_PRICE_SHARE = 0.4
# The smallest rate that is reckoned with, so that nothing divides by zero.
LEAST_BPS = 1000.0


class Worth:
    """Hold what the points of one decision share."""

    def __init__(self, points: tuple[OperatingPoint, ...], forecast: Forecast,
                 mean_bps: float, interval_s: float, slack_s: float,
                 bits_a_byte: float, survival: float) -> None:
        """`bits_a_byte` turns a table's bytes into the bits expected of these pictures."""
        mean_bps = max(mean_bps, LEAST_BPS)
        queue_bits = mean_bps * slack_s
        sustained_bytes = mean_bps * interval_s / bits_a_byte
        # A queue as long as a frame may wait makes the next one late, whatever it holds.
        price = max(_accuracy_a_byte(points, sustained_bytes) / bits_a_byte,
                    points[-1].ap50 / queue_bits)
        self._harm = price / (2.0 * FULL_PRICE_SHARE * queue_bits)
        self._forecast, self._slack_s, self._survival = forecast, slack_s, survival
        self.of_nothing = -self._harm * forecast.mean_square_left(0.0)

    def of(self, point: OperatingPoint, bits: float, encode_s: float) -> float:
        """Give the worth of a frame of that many bits, which takes that long to encode."""
        room = bits / (1.0 - encode_s / self._slack_s) if encode_s < self._slack_s else None
        chance = self._forecast.chance_on_time(room) if room is not None else 0.0
        return (point.ap50 * self._survival * chance
                - self._harm * self._forecast.mean_square_left(bits))


def _accuracy_a_byte(points: tuple[OperatingPoint, ...], sustained_bytes: float) -> float:
    """Give the accuracy that one byte adds to a frame of the size that the link sustains."""
    if sustained_bytes <= points[0].bytes:
        return points[0].ap50 / points[0].bytes
    for lower, upper in zip(points, points[1:], strict=False):
        if sustained_bytes < upper.bytes:
            return max(0.0, (upper.ap50 - lower.ap50) / (upper.bytes - lower.bytes))
    return 0.0
