"""
Which points are for links with room alone: those of finer steps than their width's default.

They are large and bring little, so they go only where a link that falls to a quarter at once would
still carry one in time, behind half of another. Hardly a frame is late then.
"""

from collections.abc import Iterable

from slim_split_ros.control.operating_points import OperatingPoint

DEFAULT_RATE = 0
SUDDEN_FALL = 4.0
FRAMES_THEN = 1.5  # to be carried in time: one more is on its way about every other time


def finer_than_default(points: Iterable[OperatingPoint]) -> frozenset[OperatingPoint]:
    """Give the points that are larger than the default of their width."""
    points = tuple(points)
    defaults = {point.width: point.bytes for point in points if point.rate == DEFAULT_RATE}
    return frozenset(point for point in points
                     if point.bytes > defaults.get(point.width, point.bytes))


def most_finer_bits(capacity_bps: float, slack_s: float) -> float:
    """Give the size of the largest frame of a finer step on a link of that rate."""
    return capacity_bps / SUDDEN_FALL * slack_s / FRAMES_THEN
