"""
How large each frame is at each operating point, and how long encoding it takes.

Sizes are measured (the table that `profile` writes) or drawn from the points' spread with a
seed; the emulation and the oracle read the same table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
import random

import numpy as np
from numpy.typing import NDArray

from slim_split_ros.control import OperatingPoint
from slim_split_ros.linklab.csv_table import parse_rows
from slim_split_ros.linklab.errors import TableError

# Standard deviations between the mean-like centre and the 95th percentile of a normal.
P95_SIGMAS = 1.645
COLUMNS = ('frame', 'width', 'rate', 'bytes')
# The formats' limits: a frame's size is a uint32, its rate a byte.
MOST_MESSAGE_BYTES, MOST_RATE = 2 ** 32, 255
# Of a 95th percentile to its centre; beyond it drawn values leave the range of numbers.
MOST_RATIO = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class FrameTable:
    """Hold message bytes (int64) and encoding seconds (float64), each (frames, points)."""

    points: tuple[OperatingPoint, ...]
    message_bytes: NDArray[np.int64]
    encode_s: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.message_bytes)

    def only_alone(self) -> 'FrameTable':
        """Leave out what needs other frames."""
        kept = [index for index, point in enumerate(self.points) if point.alone]
        if len(kept) == len(self.points):
            return self
        return FrameTable(tuple(self.points[index] for index in kept),
                          self.message_bytes[:, kept], self.encode_s[:, kept])


def make_frames(points: Sequence[OperatingPoint], count: int, seed: int,
                measured_bytes: NDArray[np.int64] | None = None) -> FrameTable:
    """
    Make `count` frames; `measured_bytes` (frames, points) repeat up to it where they are given.

    What is not measured is drawn log-normal with each point's p95; how busy a frame is, and how
    fast its encoding, is common to all points.
    """
    random_source = random.Random(seed)
    size_spread = [_log_spread(point.bytes, point.bytes_p95) for point in points]
    time_spread = [_log_spread(point.encode_ms, point.encode_ms_p95) for point in points]
    sizes = np.empty((count, len(points)), np.int64)
    times = np.empty((count, len(points)))
    for frame in range(count):
        busyness, hurry = random_source.gauss(0.0, 1.0), random_source.gauss(0.0, 1.0)
        sizes[frame] = [
            min(MOST_MESSAGE_BYTES, max(1, round(
                point.bytes * exp(busyness * spread - spread * spread / 2.0))))
            for point, spread in zip(points, size_spread, strict=True)]
        times[frame] = [point.encode_ms / 1000.0 * exp(hurry * spread)
                        for point, spread in zip(points, time_spread, strict=True)]
    if measured_bytes is not None:
        sizes = measured_bytes[np.arange(count) % len(measured_bytes)]
    return FrameTable(tuple(points), sizes, times)


def parse_sizes(text: str, points: Sequence[OperatingPoint], name: str) -> NDArray[np.int64]:
    """
    Read measured message bytes (`frame,width,rate,bytes`), shape (frames, points).

    A frame without a row for each point is left out. Raises TableError with the line, and where
    points of several coders share a width and rate.
    """
    order = {(round(point.width, 4), point.rate): index for index, point in enumerate(points)}
    if len(order) < len(points):
        raise TableError(f'{name} has sizes by width and rate, which several of the '
                         f'{len(points)} operating points share: leave it out, so that sizes are '
                         'drawn from the points')
    measured: dict[str, dict[int, int]] = {}
    for row in parse_rows(text, name, COLUMNS):
        width = round(row.number('width', 0.0, 1.0), 4)
        rate = row.number('rate', 0.0, MOST_RATE)
        size = int(row.number('bytes', 1.0, MOST_MESSAGE_BYTES))
        if (width, rate) in order:
            measured.setdefault(row.fields[0], {})[order[width, rate]] = size
    frames = [[sizes[index] for index in range(len(points))]
              for sizes in measured.values() if len(sizes) == len(points)]
    if not frames:
        raise TableError(f'{name}: no frame has a row for each of the {len(points)} operating '
                         f'points; write both files with one run of `profile`')
    return np.array(frames, np.int64)


def _log_spread(centre: float, p95: float) -> float:
    """Give the log-normal deviation that puts the 95th percentile there."""
    return log(min(p95 / centre, MOST_RATIO)) / P95_SIGMAS if p95 > centre > 0.0 else 0.0
