"""What each width of the network buys: cells found at equal area, AP50 at equal bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slim_split_ros.reports.evaluation_summary import part_by_coder
from slim_split_ros.reports.page import Section, Table
from slim_split_ros.reports.rate_curves import Point, at_bytes

EQUAL_BYTES = (300, 500, 1000, 2000, 3000, 5000)


def widths_section(points: Sequence[Point], maps: Sequence[Mapping[str, Any]] = ()
                   ) -> Section | None:
    """Return tables of widths; None where nothing of ours was measured."""
    tables = tuple(table for table in (_accuracy_table(points), _map_table(maps))
                   if table is not None)
    if not tables:
        return None
    return Section('What each width buys', (
        'AP50 at equal bytes lies between two settings of a width; – where its coarsest takes '
        'more. Beyond its finest setting a width gains nothing.',), tables)


def found_at(rows: Sequence[Mapping[str, Any]], area: float) -> float:
    """
    Return which share of object cells a width finds where it marks this share of all cells.

    Between its levels, nothing marked and all marked, both shares are interpolated.

    >>> found_at([{'marked': 0.1, 'found': 0.8}, {'marked': 0.3, 'found': 0.9}], 0.2)
    0.85
    """
    known = [(0.0, 0.0), *sorted((row['marked'], row['found']) for row in rows), (1.0, 1.0)]
    for (low, least), (high, most) in zip(known[:-1], known[1:], strict=True):
        if low <= area <= high and high > low:
            return round(least + (most - least) * (area - low) / (high - low), 6)
    return 1.0


def _accuracy_table(points: Sequence[Point]) -> Table | None:
    rows = []
    for name, own in part_by_coder([point for point in points if point['codec'] == 'slim']):
        if len({(point.get('coder'), point.get('alone')) for point in own}) > 1:
            continue  # all coders together
        for width in sorted({point['width'] for point in own}):
            of_width = [point for point in own if point['width'] == width]
            found = [at_bytes(of_width, size) for size in EQUAL_BYTES]
            rows.append((f'{name}, width {width:g}', *(
                '–' if ap50 is None else f'{ap50:.3f}' for ap50 in found)))
    if not rows:
        return None
    columns = ('AP50 at', *(f'{size:,} bytes' for size in EQUAL_BYTES))
    return Table(columns, tuple(rows))


def _map_table(maps: Sequence[Mapping[str, Any]]) -> Table | None:
    """Compare at the areas that the narrowest width marks at each of its levels."""
    if not maps:
        return None
    by_width: dict[float, list[Mapping[str, Any]]] = {}
    for row in maps:
        by_width.setdefault(row['width'], []).append(row)
    areas = [row['marked'] for row in by_width[min(by_width)]]
    rows = tuple(
        (f'map of width {width:g}', *(f'{found_at(own, area):.1%}' for area in areas),
         ', '.join(f'{row["marked"]:.1%}' for row in own))
        for width, own in sorted(by_width.items()))
    return Table(
        ('object cells found at', *(f'{area:.1%} of all cells' for area in areas),
         'marked at its own levels'), rows)
