"""What measured points come to: bytes and time of each codec for nearly full accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slim_split_ros.reports.page import Section, Table
from slim_split_ros.reports.rate_curves import CurvePoint, Point, at_ap50

SHARE = 0.95  # of the undamaged pictures' AP50, at which codecs are compared
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
    text = (f'Bytes and times at {SHARE:.0%} of the AP50 of undamaged pictures lie between two '
            'measured settings; JPEG and WebP take their best scale there. JPEG at quality 80 '
            f'takes {jpeg_ms:.2f} ms for a whole picture.')
    return Section('In short', (text,), (_reach_table(reaches(detector, points)),))


def summary_lines(rows: Sequence[Reach]) -> list[str]:
    """
    Return a line a codec for a terminal.

    >>> print(*summary_lines([Reach('slim', 0.9, None)]))
    slim: at best 90.0% of the AP50 of undamaged pictures, so not 95%
    """
    return [
        f'{row.codec}: {row.needed.bytes:.0f} bytes and {row.needed.encode_ms:.2f} ms for '
        f'{SHARE:.0%} of the AP50 of undamaged pictures' if row.needed else
        f'{row.codec}: at best {row.best_share:.1%} of the AP50 of undamaged pictures, so not '
        f'{SHARE:.0%}' for row in rows]


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
