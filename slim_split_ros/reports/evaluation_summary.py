"""What measured points come to: bytes and time of each codec for nearly full accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slim_split_ros.reports.page import Section, Table
from slim_split_ros.reports.rate_curves import CurvePoint, Point, at_ap50, at_bytes

SHARE = 0.95  # of the undamaged pictures' AP50, at which codecs are compared
# Whose bytes are compared; the others send nothing, or everything.
COMPARED = (
    'slim', 'paper', 'entropic', 'static', 'late', 'jpeg', 'webp', 'h264', 'h264_video')
# At which the widths of one coder are compared.
EQUAL_BYTES = (300, 500, 1000, 2000, 3000, 5000)


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
        for name, own in part_by_coder([point for point in points if point['codec'] == codec]):
            if reference > 0:
                best = max(point['ap50'] for point in own) / reference
                rows.append(Reach(name, best, at_ap50(own, SHARE * reference)))
    return rows


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


def summary_section(detector: Mapping[str, Any], points: Sequence[Point], jpeg_ms: float
                    ) -> Section:
    """Return the section that a hurried reader needs."""
    text = (f'Bytes and times at {SHARE:.0%} of the AP50 of undamaged pictures lie between two '
            'measured settings; JPEG, WebP and H.264 take their best scale there. JPEG at quality '
            f'80 takes {jpeg_ms:.2f} ms for a whole picture.')
    return Section('In short', (text,), (_reach_table(reaches(detector, points)),))


def widths_section(points: Sequence[Point]) -> Section | None:
    """Return what each width buys in front of each coder; None where nothing of ours is."""
    rows = []
    for name, own in part_by_coder([point for point in points if point['codec'] == 'slim']):
        if name == 'slim' and any('coder' in point for point in own):
            continue  # all coders together
        for width in sorted({point['width'] for point in own}):
            of_width = [point for point in own if point['width'] == width]
            found = [at_bytes(of_width, size) for size in EQUAL_BYTES]
            rows.append((f'{name}, width {width:g}', *(
                '–' if ap50 is None else f'{ap50:.3f}' for ap50 in found)))
    if not rows:
        return None
    return Section('What each width buys', (
        'AP50 at equal bytes, between two settings of the width; – where its coarsest takes '
        'more. Beyond its finest setting a width gains nothing.',),
        (Table(('map and coder', *(f'{size:,} bytes' for size in EQUAL_BYTES)), tuple(rows)),))


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
