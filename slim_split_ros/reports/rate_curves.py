"""
What a codec needs for a given accuracy, between the settings that were measured.

A point is a row of `evaluate --json`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math
from typing import Any

Point = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What a codec takes at some AP50, between two settings."""

    bytes: float
    encode_ms: float


def pareto_front(points: Sequence[Point], cost: str) -> list[Point]:
    """
    Return the points that no other beats in both `cost` and AP50, cheapest first.

    >>> rows = [{'bytes': 9, 'ap50': 0.5}, {'bytes': 5, 'ap50': 0.4}, {'bytes': 7, 'ap50': 0.3}]
    >>> [row['bytes'] for row in pareto_front(rows, 'bytes')]
    [5, 9]
    """
    front: list[Point] = []
    for point in sorted(points, key=lambda row: (row[cost], -row['ap50'])):
        if not front or point['ap50'] > front[-1]['ap50']:
            front.append(point)
    return front


def at_ap50(points: Sequence[Point], ap50: float) -> CurvePoint | None:
    """
    Return what the best settings take for an AP50; None where none reaches it.

    Between two settings the logarithm of bytes and the time are interpolated. Below the least of
    them, the least is the answer: less accuracy cannot be had for fewer bytes.

    >>> rows = [{'bytes': 100, 'ap50': 0.4, 'encode_ms': 1.0},
    ...         {'bytes': 400, 'ap50': 0.6, 'encode_ms': 2.0}]
    >>> at_ap50(rows, 0.5)
    CurvePoint(bytes=200.0, encode_ms=1.5)
    >>> at_ap50(rows, 0.3).bytes, at_ap50(rows, 0.7)
    (100.0, None)
    """
    front = pareto_front(points, 'bytes')
    if not front or front[-1]['ap50'] < ap50:
        return None
    above = next(place for place, point in enumerate(front) if point['ap50'] >= ap50)
    upper, lower = front[above], front[max(above - 1, 0)]
    rise = upper['ap50'] - lower['ap50']
    share = 1.0 if rise <= 0 else (ap50 - lower['ap50']) / rise
    size = math.exp(_between(math.log(lower['bytes']), math.log(upper['bytes']), share))
    return CurvePoint(round(size, 6), _between(lower['encode_ms'], upper['encode_ms'], share))


def at_bytes(points: Sequence[Point], size: float) -> float | None:
    """
    Return the AP50 that the best settings give for these bytes; None where all take more.

    >>> rows = [{'bytes': 100, 'ap50': 0.4}, {'bytes': 400, 'ap50': 0.6}]
    >>> at_bytes(rows, 200), at_bytes(rows, 900), at_bytes(rows, 50)
    (0.5, 0.6, None)
    """
    front = pareto_front(points, 'bytes')
    if not front or front[0]['bytes'] > size:
        return None
    below = max(place for place, point in enumerate(front) if point['bytes'] <= size)
    lower, upper = front[below], front[min(below + 1, len(front) - 1)]
    if upper is lower:
        return float(lower['ap50'])
    span = math.log(upper['bytes'] / lower['bytes'])
    share = math.log(size / lower['bytes']) / span
    return round(_between(lower['ap50'], upper['ap50'], share), 6)


def _between(low: float, high: float, share: float) -> float:
    return low + (high - low) * share
