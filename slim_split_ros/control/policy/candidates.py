"""
Which points a frame may have now, with their bits, and what keeps the others out.

What processor, ceiling and evidence allow; the worth of what is left is `worth.py`'s.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from slim_split_ros.control.decision import Reason
from slim_split_ros.control.operating_points import OperatingPoint, on_front, without_dominated
from slim_split_ros.control.policy.sudden_fall import CLEAR_GAIN


@dataclass(frozen=True, slots=True)
class Candidate:
    """Hold a point and the size that its frame would have."""

    point: OperatingPoint
    bits: float


@dataclass(frozen=True, slots=True)
class Limits:
    """
    Hold what bounds the choice now; bits of one frame, milliseconds of its encoding.

    Wider than `width` goes only what `sustained_bits` hold; without `can_lean` the points count
    that are alone, each for itself.
    """

    bits_of: Callable[[OperatingPoint], float]
    left_bits: float
    longest_ms: float
    proven_bits: float
    sustained_bits: float
    safe_bits: float
    width: float | None
    can_lean: bool = True


class Candidates:
    """
    Hold a table by what its points are for: frames alone, beginnings of a video, what follows.

    Each has a front of its own, as what leans on another frame costs less than all that do not.
    """

    def __init__(self, points: tuple[OperatingPoint, ...]) -> None:
        """Take points, cheapest in bytes first, of which one at least is alone."""
        sides = sorted({point.long_side for point in points if not point.alone})
        alone = tuple(point for point in points if point.alone)
        groups = [alone]
        for side in sides:
            of_side = [point for point in points
                       if point.coder == 'video' and point.long_side == side]
            groups += [tuple(point for point in of_side if point.alone is kind)
                       for kind in (True, False)]
        # Cheapest come first, so that each size of pictures keeps its own.
        self._followers = {point.long_side: point for point in reversed(points)
                           if not point.alone}
        # Of the ensemble all widths take the same bytes.
        self.least = min(alone, key=lambda point: (point.bytes, point.encode_ms))
        self._all = [without_dominated(group) for group in groups if group]
        self._fronts = [on_front(group) for group in groups if group]
        self._slowest_ms = max(point.encode_ms for point in points)

    def within(self, limits: Limits) -> tuple[list[Candidate], list[tuple[Candidate, Reason]]]:
        """Give what is allowed, and what is blocked with the reason."""
        # Milliseconds of encoding matter to a processor that is at its limit alone.
        is_slow = self._slowest_ms > limits.longest_ms
        allowed: dict[OperatingPoint, Candidate] = {}
        blocked: dict[OperatingPoint, tuple[Candidate, Reason]] = {}
        groups = self._all if is_slow else self._fronts
        least = self.least if is_slow else groups[0][0]
        for group in groups if limits.can_lean else groups[:1]:
            clearly_better = least.ap50 if group is groups[0] else 0.0
            for candidate, reason in self._sorted_out(group, limits, least):
                point = candidate.point
                if reason is not None:
                    blocked[point] = candidate, reason
                    continue
                if point is not least:
                    if candidate.bits <= limits.safe_bits:
                        clearly_better = point.ap50 * (1.0 + CLEAR_GAIN)
                    elif point.ap50 < clearly_better:
                        continue
                allowed[point] = candidate
        return list(allowed.values()), list(blocked.values())

    def _sorted_out(self, group: tuple[OperatingPoint, ...], limits: Limits,
                    least: OperatingPoint) -> Iterator[tuple[Candidate, Reason | None]]:
        """Go through what the link allows, with what else blocks it; `least` is for any link."""
        for point in group:
            bits = limits.bits_of(point)
            candidate = Candidate(point, bits)
            if bits > limits.left_bits:
                yield candidate, Reason.BUDGET
            elif point is least:
                yield candidate, None
            elif point.encode_ms > limits.longest_ms:
                yield candidate, Reason.COMPUTE
            elif bits <= limits.proven_bits and (
                    limits.width is None or point.width <= limits.width
                    or self._sustained_bits(point, limits) <= limits.sustained_bits):
                yield candidate, None

    def _sustained_bits(self, point: OperatingPoint, limits: Limits) -> float:
        """Give what frames of a point's kind take in the long run: a beginning is sent once."""
        follower = None
        if limits.can_lean and point.coder == 'video':
            follower = self._followers.get(point.long_side)
        return limits.bits_of(follower or point)
