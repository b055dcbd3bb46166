"""
How large each frame is at each operating point, and how long encoding it takes.

Either measured (the table that `profile` writes) or drawn from the points' spread with a
seed; the emulation and the oracle read the same table.
"""

from collections.abc import Sequence
import csv
from dataclasses import dataclass
import io
from math import exp, log
import random

from slim_split_ros.control.operating_points import OperatingPoint
from slim_split_ros.linklab.errors import FramesError

# Standard deviations between the mean-like centre and the 95th percentile of a normal.
P95_SIGMAS = 1.645


@dataclass(frozen=True, slots=True)
class FrameTable:
    """Hold bytes and encoding seconds, frame by frame, in the order of `points`."""

    points: tuple[OperatingPoint, ...]
    bytes: tuple[tuple[int, ...], ...]
    encode_s: tuple[tuple[float, ...], ...]

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.bytes)


def draw_frames(points: Sequence[OperatingPoint], count: int, seed: int) -> FrameTable:
    """Draw frames whose busyness is common to all points, log-normal with each point's p95."""
    random_source = random.Random(seed)
    size_spread = [_log_spread(point.bytes, point.bytes_p95) for point in points]
    time_spread = [_log_spread(point.encode_ms, point.encode_ms_p95) for point in points]
    sizes, times = [], []
    for _ in range(count):
        busyness, hurry = random_source.gauss(0.0, 1.0), random_source.gauss(0.0, 1.0)
        sizes.append(tuple(
            max(1, round(point.bytes * exp(busyness * spread - spread * spread / 2.0)))
            for point, spread in zip(points, size_spread, strict=True)))
        times.append(tuple(
            point.encode_ms / 1000.0 * exp(hurry * spread)
            for point, spread in zip(points, time_spread, strict=True)))
    return FrameTable(tuple(points), tuple(sizes), tuple(times))


def parse_frames(text: str, points: Sequence[OperatingPoint], name: str, count: int,
                 seed: int) -> FrameTable:
    """
    Read measured frames (`frame,width,rate,bytes`), repeated up to `count` frames.

    Encoding times are drawn from the points' spread. Raises FramesError with the line.
    """
    order = {(round(point.width, 4), point.rate): index for index, point in enumerate(points)}
    measured: dict[str, dict[int, int]] = {}
    rows = csv.DictReader(io.StringIO(text))
    missing = {'frame', 'width', 'rate', 'bytes'} - set(rows.fieldnames or ())
    if missing:
        raise FramesError(f'{name}: the header lacks {", ".join(sorted(missing))}')
    for number, row in enumerate(rows, start=2):
        try:
            key = (round(float(row['width']), 4), int(row['rate']))
            size = int(float(row['bytes']))
        except (TypeError, ValueError):
            raise FramesError(f'{name}, line {number}: width, rate and bytes have to be '
                              f'numbers, found {row}') from None
        if size < 1:
            raise FramesError(f'{name}, line {number}: bytes is {size}, has to be at least 1')
        if key in order:
            measured.setdefault(row['frame'], {})[order[key]] = size
    frames = [tuple(sizes[index] for index in range(len(points)))
              for sizes in measured.values() if len(sizes) == len(points)]
    if not frames:
        raise FramesError(f'{name}: no frame has a row for each of the {len(points)} operating '
                          f'points; write both files with one run of `profile`')
    drawn = draw_frames(points, count, seed)
    repeated = tuple(frames[index % len(frames)] for index in range(count))
    return FrameTable(drawn.points, repeated, drawn.encode_s)


def _log_spread(centre: float, p95: float) -> float:
    """Give the log-normal deviation that puts the 95th percentile there."""
    return log(p95 / centre) / P95_SIGMAS if p95 > centre > 0.0 else 0.0


