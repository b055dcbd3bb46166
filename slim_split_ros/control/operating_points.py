"""
What can be sent: each width and rate with its bytes, its encoding time and its accuracy.

Holds the measured table and orders it; it does not choose. `points_document.py` makes it from
what `profile` wrote.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from reprlib import repr as shown

from slim_split_ros.control.errors import OperatingPointError

# Field, least, most: a frame's rate is a byte, its size a uint32; nobody encodes for a minute.
LIMITS = (('width', 0.0, 1.0), ('rate', 0, 255), ('bytes', 1.0, 2.0 ** 32),
          ('bytes_p95', 1.0, 2.0 ** 32), ('encode_ms', 0.0, 60_000.0),
          ('encode_ms_p95', 0.0, 60_000.0), ('ap50', 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Hold one measured way to send a frame; `bytes` counts the whole serialized message."""

    width: float
    rate: int
    bytes: float
    bytes_p95: float
    encode_ms: float
    encode_ms_p95: float
    ap50: float

    def __post_init__(self) -> None:
        """Refuse figures that no measurement can give."""
        name = f'operating point (width {self.width}, rate {shown(self.rate)})'
        for field, least, most in LIMITS:
            value = getattr(self, field)
            if not least <= value <= most:      # NaN is in no range
                raise OperatingPointError(
                    f'{name}: {field} is {shown(value)}, it has to be from {least:g} to {most:g}; '
                    f'measure the table again with `profile`')
        if self.width == 0.0:
            raise OperatingPointError(
                f'{name}: a width of 0 encodes nothing; measure the table again with `profile`')


class OperatingPoints:
    """
    Hold the checked table, cheapest in bytes first.

    >>> table = OperatingPoints([OperatingPoint(0.25, 0, 600, 800, 1.0, 1.2, 0.40),
    ...                          OperatingPoint(1.0, 0, 2500, 3300, 4.0, 4.5, 0.60)])
    >>> [point.width for point in table.within(0.25, 0.5)]
    [0.25]
    """

    def __init__(self, points: Iterable[OperatingPoint], is_measured: bool = True) -> None:
        """
        Check the table as a whole; an empty one or two points of one name are refused.

        Without `is_measured` only the widths mean anything.
        """
        self.is_measured = is_measured
        ordered = sorted(points, key=lambda point: (point.bytes, -point.ap50))
        if not ordered:
            raise OperatingPointError('the table of operating points is empty; run `profile`')
        self._points = tuple(ordered)
        self._by_name: dict[tuple[float, int], OperatingPoint] = {}
        for point in ordered:
            if self._by_name.setdefault((point.width, point.rate), point) is not point:
                raise OperatingPointError(
                    f'operating point (width {point.width}, rate {point.rate}) is listed '
                    f'twice; run `profile` again')

    def __iter__(self) -> Iterable[OperatingPoint]:
        """Go through the points, cheapest in bytes first."""
        return iter(self._points)

    def __len__(self) -> int:
        """Count the points."""
        return len(self._points)

    def find(self, width: float, rate: int) -> OperatingPoint | None:
        """Give the point of that name, or None."""
        return self._by_name.get((width, rate))

    def within(self, min_width: float, max_width: float) -> tuple[OperatingPoint, ...]:
        """Give the points whose width lies in the bounds, cheapest in bytes first."""
        slack = 1e-6        # widths come from YAML and float32 messages
        return tuple(point for point in self._points
                     if min_width - slack <= point.width <= max_width + slack)

    def of_width(self, width: float) -> tuple[OperatingPoint, ...]:
        """Give the points of one width, rate 0 first."""
        return tuple(sorted(self.within(width, width), key=lambda point: point.rate))


def without_dominated(points: Iterable[OperatingPoint]) -> tuple[OperatingPoint, ...]:
    """Drop each point that another beats or equals in bytes, encoding time and accuracy."""
    kept: list[OperatingPoint] = []
    for point in points:
        rivals = (other for other in points if other is not point)
        if not any(_dominates(other, point) for other in rivals):
            kept.append(point)
    return tuple(kept)


def on_front(points: Iterable[OperatingPoint]) -> tuple[OperatingPoint, ...]:
    """Keep each point, cheapest in bytes first, that is more accurate than all cheaper ones."""
    kept: list[OperatingPoint] = []
    for point in points:
        if not kept or point.ap50 > kept[-1].ap50:
            kept.append(point)
    return tuple(kept)


def _dominates(one: OperatingPoint, other: OperatingPoint) -> bool:
    """Say whether the first is nowhere worse and somewhere better."""
    mine = (one.bytes, one.encode_ms, -one.ap50)
    theirs = (other.bytes, other.encode_ms, -other.ap50)
    return all(m <= t for m, t in zip(mine, theirs, strict=True)) and mine != theirs
