"""
What can be sent: each coder, width and rate with its bytes, its encoding time and its accuracy.

Holds the measured table and orders it; it does not choose. `points_document.py` makes it from
what `profile` wrote.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from reprlib import repr as shown

from slim_split_ros.control.errors import OperatingPointError

# What stands behind the map; the first is what a point has that names none.
CODERS = ('cells', 'video', 'ensemble')
# Field, least, most: a frame's rate is a byte, its size a uint32; nobody encodes for a minute.
LIMITS = (('width', 0.0, 1.0), ('rate', 0, 255), ('bytes', 1.0, 2.0 ** 32),
          ('bytes_p95', 1.0, 2.0 ** 32), ('encode_ms', 0.0, 60_000.0),
          ('encode_ms_p95', 0.0, 60_000.0), ('ap50', 0.0, 1.0))
MOST_LONG_SIDE = 8192


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """
    Hold one measured way to send a frame; `bytes` counts the whole serialized message.

    Coder, width, rate and `alone` are its name. A point that is not `alone` needs the frame that
    its coder made before it, of the same `long_side`: pixels of the coded picture, 0 where all
    frames of a model have one size.
    """

    width: float
    rate: int
    bytes: float
    bytes_p95: float
    encode_ms: float
    encode_ms_p95: float
    ap50: float
    coder: str = CODERS[0]
    alone: bool = True
    long_side: int = 0

    def __post_init__(self) -> None:
        """Refuse figures that no measurement can give."""
        name = f'operating point ({point_label(self)})'
        if self.coder not in CODERS:
            raise OperatingPointError(
                f'{name}: coder is {shown(self.coder)}, it has to be one of {", ".join(CODERS)}; '
                f'update this package, or measure the table again with `profile`')
        if self.alone is not True and (self.alone is not False or self.coder != 'video'):
            raise OperatingPointError(
                f'{name}: alone is {shown(self.alone)}, it has to be true, or false for coder '
                f'video; measure the table again with `profile`')
        for field, least, most in LIMITS:
            value = getattr(self, field)
            if not least <= value <= most:      # NaN is in no range
                raise OperatingPointError(
                    f'{name}: {field} is {shown(value)}, it has to be from {least:g} to {most:g}; '
                    f'measure the table again with `profile`')
        if not isinstance(self.long_side, int) or not 0 <= self.long_side <= MOST_LONG_SIDE:
            raise OperatingPointError(
                f'{name}: long_side is {shown(self.long_side)}, it has to be a whole number from '
                f'0 to {MOST_LONG_SIDE}; measure the table again with `profile`')
        if self.width == 0.0:
            raise OperatingPointError(
                f'{name}: a width of 0 encodes nothing; measure the table again with `profile`')

    @property
    def name(self) -> 'PointName':
        """Give what no other point of a table has."""
        return PointName(self.coder, self.width, self.rate, self.alone)


@dataclass(frozen=True, slots=True)
class PointName:
    """Hold the name of an operating point."""

    coder: str
    width: float
    rate: int
    alone: bool


def point_label(point: OperatingPoint) -> str:
    """Name a point for people: its coder where it is not the first, its width and its rate."""
    coder = '' if point.coder == CODERS[0] else f'coder {shown(point.coder)}, '
    alone = ', not alone' if point.alone is False else ''
    return f'{coder}width {point.width}, rate {shown(point.rate)}{alone}'


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
        self._by_name: dict[PointName, OperatingPoint] = {}
        for point in ordered:
            if self._by_name.setdefault(point.name, point) is not point:
                raise OperatingPointError(
                    f'operating point ({point_label(point)}) is listed twice; run `profile` '
                    f'again')

    def __iter__(self) -> Iterable[OperatingPoint]:
        """Go through the points, cheapest in bytes first."""
        return iter(self._points)

    def __len__(self) -> int:
        """Count the points."""
        return len(self._points)

    @property
    def widths(self) -> tuple[float, ...]:
        """Give each width once, narrowest first."""
        return tuple(sorted({point.width for point in self._points}))

    @property
    def coders(self) -> tuple[str, ...]:
        """Give each coder once."""
        return tuple(sorted({point.coder for point in self._points}))

    def find(self, width: float, rate: int, coder: str = CODERS[0], alone: bool = True,
             ) -> OperatingPoint | None:
        """Give the point of that coder, width and rate, or None."""
        return self.named(PointName(coder, width, rate, alone))

    def named(self, name: PointName) -> OperatingPoint | None:
        """Give the point of that name, or None."""
        return self._by_name.get(name)

    def only(self, coders: Collection[str]) -> 'OperatingPoints':
        """
        Leave out the points of coders that cannot run here.

        Raises OperatingPointError where none is left.
        """
        kept = [point for point in self._points if point.coder in coders]
        if not kept:
            raise OperatingPointError(
                f'no operating point is left: the table has coder {", ".join(self.coders)}, here '
                f'runs {", ".join(sorted(coders)) or "none"}; install what the coder needs, or '
                f'take another model')
        return OperatingPoints(kept, self.is_measured)

    def within(self, min_width: float, max_width: float) -> tuple[OperatingPoint, ...]:
        """Give the points whose width lies in the bounds, cheapest in bytes first."""
        slack = 1e-6        # widths come from YAML and float32 messages
        return tuple(point for point in self._points
                     if min_width - slack <= point.width <= max_width + slack)


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
