"""
What each coder, width and rate costs and gives: the table that `control` chooses from.

With labelled pictures all of it is measured; on a robot, without them, only the encode times,
since bytes and accuracy belong to the model and not to the machine.
"""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from slim_split_ros.control import OperatingPoint
from slim_split_ros.control.points_document import FIELDS
from slim_split_ros.evaluation.errors import EvaluationError
from slim_split_ros.evaluation.moving_scene import MovingScene, find_scene
from slim_split_ros.onboard.encoder import Encoded, FrameEncoder
from slim_split_ros.weights.operating_point_file import POINTS_FILE, find_operating_points
from slim_split_ros.wire.manifest import Manifest

FRAMES_FILE = 'frames.csv'
REPEATS = 60
WARM_UPS = 5
LOOKS = 3  # frames that a scene is weighed by
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
    """
    Operating points as plain data, and the sizes of the frames behind them.

    `frames` is None where they were not measured, empty where sizes depend on other frames.
    """

    fingerprint: str
    points: tuple[dict[str, Any], ...]
    frames: tuple[FrameRow, ...] | None


def profile_machine(manifest: Manifest) -> ProfileTable:
    """
    Measure encode times here and take the rest from the model's own table.

    Points of a coder that does not run here keep their times. Raises EvaluationError where the
    model has no table, OperatingPointError for a wrong one.
    """
    known = find_operating_points(manifest)
    if known is None:
        raise EvaluationError(
            f'{manifest.folder / POINTS_FILE} is missing, so bytes and accuracy are unknown: run '
            '`profile --data DIR`')
    cv2.setNumThreads(1)
    encoder = FrameEncoder(manifest, threads=1)
    points = sorted(
        known, key=lambda point: (point.coder, not point.alone, point.width, point.rate))
    return ProfileTable(
        f'{manifest.fingerprint:016x}',
        tuple({**asdict(point), **_time(encoder, point)} for point in points), None)


def write_profile(table: ProfileTable, folder: Path) -> list[Path]:
    """Write operating_points.yaml and frames.csv; where a table has none, an older one goes."""
    folder.mkdir(parents=True, exist_ok=True)
    points = folder / POINTS_FILE
    text = yaml.safe_dump({
        'fingerprint': table.fingerprint,
        'points': [{name: point[name] for name in NAMES} for point in table.points],
    }, sort_keys=False)
    points.write_text('# Written by `python -m slim_split_ros profile`; bytes are of the whole '
                      f'message, times of this machine.\n{text}', 'utf-8')
    frames = folder / FRAMES_FILE
    if table.frames is None:
        return [points]
    if not table.frames:
        frames.unlink(missing_ok=True)
        return [points]
    with frames.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(('frame', 'width', 'rate', 'bytes'))
        writer.writerows((row.frame, row.width, row.rate, row.bytes) for row in table.frames)
    return [points, frames]


def _time(encoder: FrameEncoder, point: OperatingPoint) -> dict[str, float]:
    """Return a point's mean and p95 milliseconds for a 640x480 picture as busy as the table's."""
    if point.coder not in encoder.coders:
        return {}

    def encode(scene: MovingScene, count: int) -> list[Encoded]:
        encoder.forget()
        return [encoder.encode(scene.look(), point.width, point.rate, coder=point.coder,
                               alone=point.alone) for _ in range(count)]

    def count_bytes(scene: MovingScene) -> float:
        # The first frame cannot lean on another.
        return float(np.mean([len(each.payload) for each in encode(scene, LOOKS)[1:]]))

    scene = find_scene(count_bytes, point.bytes)
    counted = [each.encode_ms for each in encode(scene, WARM_UPS + REPEATS)[WARM_UPS:]]
    return {'encode_ms': round(float(np.mean(counted)), 3),
            'encode_ms_p95': round(float(np.percentile(counted, 95)), 3)}
