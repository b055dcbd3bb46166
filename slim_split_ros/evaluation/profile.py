"""
What each width and rate costs and gives: the table that `control` chooses from.

With labelled pictures all of it is measured; on a robot, without them, only the encode times,
since bytes and accuracy belong to the model and not to the machine.
"""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml

from slim_split_ros.control.points_document import FIELDS
from slim_split_ros.evaluation.errors import EvaluationError
from slim_split_ros.onboard.encoder import FrameEncoder
from slim_split_ros.weights.operating_point_file import POINTS_FILE, find_operating_points
from slim_split_ros.wire.manifest import Manifest

FRAMES_FILE = 'frames.csv'
REPEATS = 60
WARM_UPS = 5
CAMERA_SIZE = (480, 640)
# How a point is called, before its figures.
NAMES = ('coder', 'alone', *FIELDS)


@dataclass(frozen=True, slots=True)
class FrameRow:
    """The serialized size of one evaluated frame at one operating point."""

    frame: int
    width: float
    rate: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ProfileTable:
    """Operating points as plain data, and the sizes of the frames behind them."""

    fingerprint: str
    points: tuple[dict[str, float], ...]
    frames: tuple[FrameRow, ...]


def profile_machine(manifest: Manifest) -> ProfileTable:
    """
    Measure encode times here and take the rest from the model's own table.

    Raises EvaluationError where the model has none, OperatingPointError for a wrong one.
    """
    known = find_operating_points(manifest)
    if known is None:
        raise EvaluationError(
            f'{manifest.folder / POINTS_FILE} is missing, so bytes and accuracy are unknown: run '
            '`profile --data DIR`')
    times = measure_encode_times(manifest)
    points = sorted(known, key=lambda point: (point.width, point.rate))
    return ProfileTable(
        f'{manifest.fingerprint:016x}',
        tuple({**asdict(point), **times[point.width, point.rate]} for point in points), ())


def measure_encode_times(manifest: Manifest) -> dict[tuple[float, int], dict[str, float]]:
    """Return mean and p95 milliseconds of each width and rate for a 640x480 picture."""
    cv2.setNumThreads(1)
    encoder = FrameEncoder(manifest, threads=1)
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (30, 40, 3)).astype(np.uint8)
    image = cv2.resize(coarse, CAMERA_SIZE[::-1], interpolation=cv2.INTER_CUBIC)
    return {(entry.width, rate): _time(encoder, image, entry.width, rate)
            for entry in manifest.widths for rate in range(manifest.rates)}


def write_profile(table: ProfileTable, folder: Path) -> list[Path]:
    """Write operating_points.yaml, and frames.csv where frames were measured."""
    folder.mkdir(parents=True, exist_ok=True)
    points = folder / POINTS_FILE
    text = yaml.safe_dump({
        'fingerprint': table.fingerprint,
        'points': [{name: point[name] for name in NAMES} for point in table.points],
    }, sort_keys=False)
    points.write_text('# Written by `python -m slim_split_ros profile`; bytes are of the whole '
                      f'message, times of this machine.\n{text}', 'utf-8')
    if not table.frames:
        return [points]
    frames = folder / FRAMES_FILE
    with frames.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(('frame', 'width', 'rate', 'bytes'))
        writer.writerows((row.frame, row.width, row.rate, row.bytes) for row in table.frames)
    return [points, frames]


def _time(encoder: FrameEncoder, image: np.ndarray, width: float, rate: int) -> dict[str, float]:
    times = [encoder.encode(image, width, rate).encode_ms for _ in range(WARM_UPS + REPEATS)]
    counted = times[WARM_UPS:]
    return {'encode_ms': round(float(np.mean(counted)), 3),
            'encode_ms_p95': round(float(np.percentile(counted, 95)), 3)}
