"""Answer in two tables what measured points say: bytes for nearly full accuracy, and the bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slim_split_ros.reports.evaluation_bars import SHARE, Bar, judge
from slim_split_ros.reports.page import Section, Table
from slim_split_ros.reports.rate_curves import CurvePoint, Point, at_ap50

# Whose bytes are compared; the others send nothing, or everything.
COMPARED = ('slim', 'paper', 'entropic', 'static', 'late', 'jpeg', 'webp')


@dataclass(frozen=True, slots=True)
class Reach:
    """How near one codec comes to undamaged pictures, and what it takes for SHARE of them."""

    codec: str
    best_share: float
    needed: CurvePoint | None


def reaches(detector: Mapping[str, Any], points: Sequence[Point]) -> list[Reach]:
    """Return a row for each codec that sends something coded; none where nothing is found."""
    reference = detector['ap50']
    rows = []
    for codec in COMPARED:
        own = [point for point in points if point['codec'] == codec]
        if own and reference > 0:
            best = max(point['ap50'] for point in own) / reference
            rows.append(Reach(codec, best, at_ap50(own, SHARE * reference)))
    return rows


def summary_section(detector: Mapping[str, Any], points: Sequence[Point], jpeg_ms: float
                    ) -> Section:
    """Return the section that a hurried reader needs."""
    bars = judge(detector, jpeg_ms, points)
    met = sum(bar.met for bar in bars)
    text = (f'{met} of {len(bars)} bars are met. Bytes and times at {SHARE:.0%} of the AP50 of '
            'undamaged pictures lie between two measured settings; JPEG and WebP take their best '
            f'scale there. JPEG at quality 80 takes {jpeg_ms:.2f} ms for a whole picture.')
    return Section('In short', (text,), (_reach_table(reaches(detector, points)),
                                         _bar_table(bars)))


def summary_lines(bars: Sequence[Bar]) -> list[str]:
    """
    Return a line a bar for a terminal.

    >>> print(*summary_lines([Bar('bytes', 0.7, 0.5, True)]))
    missed by 0.200: bytes 0.700, at most 0.500
    """
    return [f'{_verdict(bar)}: {bar.name} {bar.figure:.3f}, {_limit(bar)}' for bar in bars]


def _reach_table(rows: Sequence[Reach]) -> Table:
    ours = next((row.needed for row in rows if row.codec == 'slim'), None)
    cells = []
    for row in rows:
        needed = row.needed
        times = f'{needed.bytes / ours.bytes:.2f}' if needed and ours else '–'
        cells.append((
            row.codec, f'{row.best_share:.1%}',
            f'{needed.bytes:.0f}' if needed else 'not reached',
            f'{needed.encode_ms:.2f}' if needed else '–', times))
    return Table(('codec', 'best AP50, of undamaged', f'bytes at {SHARE:.0%}',
                  f'encode ms at {SHARE:.0%}', 'bytes, of slim'), tuple(cells))


def _bar_table(bars: Sequence[Bar]) -> Table:
    return Table(('bar', 'measured', 'limit', 'verdict'), tuple(
        (bar.name, f'{bar.figure:.3f}', _limit(bar), _verdict(bar)) for bar in bars))


def _limit(bar: Bar) -> str:
    return f'{"at most" if bar.at_most else "at least"} {bar.limit:.3f}'


def _verdict(bar: Bar) -> str:
    return 'met' if bar.met else f'missed by {abs(bar.figure - bar.limit):.3f}'
