"""What measured points come to: bytes and time of each codec for nearly full accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math
from typing import Any

from slim_split_ros.reports.page import Section, Table
from slim_split_ros.reports.rate_curves import CurvePoint, Point, at_ap50

SHARE = 0.95  # of the undamaged pictures' AP50, at which codecs are compared
# Whose bytes are compared; the others send nothing, or everything.
COMPARED = (
    'slim', 'paper', 'entropic', 'static', 'late', 'jpeg', 'webp', 'h264', 'h264_video')


@dataclass(frozen=True, slots=True)
class Interval:
    """Hold the ends of what 95 % of draws lie between."""

    low: float
    high: float

    def __str__(self) -> str:
        return f'{_rounded(self.low)} to {_rounded(self.high)}'


def _rounded(number: float) -> str:
    """Round to four digits, and hundreds and more to whole ones, as bytes are."""
    if not math.isfinite(number):
        return 'out of reach'
    return f'{number:.0f}' if number >= 100 else f'{number:.4g}'


@dataclass(frozen=True, slots=True)
class Reach:
    """
    How near one codec comes to undamaged pictures, and what it takes for SHARE of them.

    `interval` holds the bytes of other recordings, inf where they would not reach it, and
    `of_slim` the bytes as a multiple of ours, with its interval; None where not known.
    """

    codec: str
    best_share: float
    needed: CurvePoint | None
    interval: Interval | None = None
    of_slim: float | None = None
    of_slim_interval: Interval | None = None


def reaches(detector: Mapping[str, Any], points: Sequence[Point],
            draws: Sequence[Mapping[str, Any]] = ()) -> list[Reach]:
    """
    Return a row for each codec that sends something coded; none where nothing is found.

    `draws` are the AP50 of the detector and the points as other recordings would give them.
    """
    reference = detector['ap50']
    if not reference > 0:
        return []
    series = _series(points)
    needed = {name: at_ap50(own, SHARE * reference) for name, own in series.items()}
    drawn = [_bytes_of(draw['points'], SHARE * draw['detector']) for draw in draws]
    ours = needed.get('slim')
    return [
        Reach(name, max(point['ap50'] for point in own) / reference, needed[name],
              _interval([draw[name] for draw in drawn]),
              needed[name].bytes / ours.bytes if needed[name] and ours else None,
              _interval([draw[name] / draw['slim'] for draw in drawn
                         if math.isfinite(min(draw['slim'], draw[name]))]) if ours else None)
        for name, own in series.items()]


def _series(points: Sequence[Point]) -> dict[str, list[Point]]:
    return {name: own for codec in COMPARED for name, own in part_by_coder(
        [point for point in points if point['codec'] == codec])}


def _bytes_of(points: Sequence[Point], ap50: float) -> dict[str, float]:
    found = {name: at_ap50(own, ap50) for name, own in _series(points).items()}
    return {name: needed.bytes if needed else math.inf for name, needed in found.items()}


def _interval(values: Sequence[float]) -> Interval | None:
    """Return the middle 95 % of values; inf counts as more than any."""
    if not values:
        return None
    ordered = sorted(values)
    last = len(ordered) - 1
    return Interval(ordered[round(0.025 * last)], ordered[round(0.975 * last)])


def part_by_coder(points: Sequence[Point]) -> list[tuple[str, list[Point]]]:
    """
    Return points of one codec by name, and where several coders stand behind it each one's too.

    >>> rows = [{'codec': 'slim', 'coder': 'cells', 'alone': True},
    ...         {'codec': 'slim', 'coder': 'video', 'alone': False}]
    >>> [name for name, _ in part_by_coder(rows)]
    ['slim', 'slim by cells', 'slim by video, linked']
    """
    parts: dict[str, list[Point]] = {}
    for point in points:
        parts.setdefault(series_name(point), []).append(point)
    if len(parts) < 2:
        return [(points[0]['codec'], list(points))] if points else []
    return [(points[0]['codec'], list(points)), *parts.items()]


def series_name(point: Point) -> str:
    """Return what the points of one curve have in common; linked frames need the one before."""
    coder = f' by {point["coder"]}' if 'coder' in point else ''
    return point['codec'] + coder + ('' if point.get('alone', True) else ', linked')


def summary_section(rows: Sequence[Reach], jpeg_ms: float) -> Section:
    """Return the section that a hurried reader needs."""
    text = (f'Bytes and times at {SHARE:.0%} of the AP50 of undamaged pictures lie between two '
            'measured settings; JPEG, WebP and H.264 take their best scale there. JPEG at quality '
            f'80 takes {jpeg_ms:.2f} ms for a whole picture. Intervals hold 95 % of what other '
            'recordings would give (bootstrap over recordings).')
    return Section('In short', (text,), (_reach_table(rows),))


def summary_lines(rows: Sequence[Reach]) -> list[str]:
    """
    Return a line a codec for a terminal.

    >>> print(*summary_lines([Reach('slim', 0.9, None)]))
    slim: at best 90.0% of the AP50 of undamaged pictures, so not 95%
    """
    return [
        f'{row.codec}: {row.needed.bytes:.0f} bytes{_told(row.interval)} and '
        f'{row.needed.encode_ms:.2f} ms for {SHARE:.0%} of the AP50 of undamaged pictures'
        if row.needed else
        f'{row.codec}: at best {row.best_share:.1%} of the AP50 of undamaged pictures, so not '
        f'{SHARE:.0%}' for row in rows]


def _told(interval: Interval | None) -> str:
    return '' if interval is None else f' ({interval})'


def _reach_table(rows: Sequence[Reach]) -> Table:
    cells = [(
        row.codec, f'{row.best_share:.1%}',
        f'{row.needed.bytes:.0f}' if row.needed else 'not reached',
        str(row.interval or '–'), f'{row.needed.encode_ms:.2f}' if row.needed else '–',
        '–' if row.of_slim is None else f'{row.of_slim:.2f}', str(row.of_slim_interval or '–'))
        for row in rows]
    return Table(('codec', 'best AP50, of undamaged', f'bytes at {SHARE:.0%}', '95 % interval',
                  f'encode ms at {SHARE:.0%}', 'bytes, of slim', '95 % interval'), tuple(cells))
