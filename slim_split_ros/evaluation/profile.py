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
from slim_split_ros.evaluation.codecs.codec import FRAME_ID
from slim_split_ros.evaluation.errors import EvaluationError
from slim_split_ros.evaluation.moving_scene import MovingScene, find_scene
from slim_split_ros.onboard.encoder import Encoded, FrameEncoder
from slim_split_ros.weights.operating_point_file import POINTS_FILE, find_operating_points
from slim_split_ros.wire.manifest import Manifest
from slim_split_ros.wire.message_size import encoded_frame_bytes

FRAMES_FILE = 'frames.csv'
# Each point is timed so many times, after all others each, so many frames long; what other work
# slows for a while is in the slower rounds, and these do not count.
ROUNDS, COUNTED_ROUNDS = 5, 3
REPEATS = 10
WARM_UPS = 3
UNSTEADY = 1.5  # the last round that counts, against the quickest
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
    `unsteady` counts the points whose times other work disturbed.
    """

    fingerprint: str
    points: tuple[dict[str, Any], ...]
    frames: tuple[FrameRow, ...] | None
    unsteady: int = 0


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
    timers = [_Timer(encoder, point) for point in points if point.coder in encoder.coders]
    for _ in range(ROUNDS):
        for timer in timers:
            timer.run()
    times = {timer.point: timer.times for timer in timers}
    return ProfileTable(
        f'{manifest.fingerprint:016x}',
        tuple({**asdict(point), **times.get(point, {})} for point in points), None,
        sum(timer.is_unsteady for timer in timers))


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


class _Timer:
    """Time one point, in rounds, on a 640x480 picture as busy as the table's."""

    def __init__(self, encoder: FrameEncoder, point: OperatingPoint) -> None:
        self.point = point
        self._encoder = encoder
        self._scene = find_scene(self._count_bytes, point.bytes)
        self._rounds: list[list[float]] = []

    def run(self) -> None:
        """Time a round."""
        counted = self._encode(self._scene, WARM_UPS + REPEATS)[WARM_UPS:]
        self._rounds.append([each.encode_ms for each in counted])

    @property
    def times(self) -> dict[str, float]:
        """Give mean and p95 milliseconds of the quickest rounds."""
        counted = np.concatenate(self._quickest())
        return {'encode_ms': round(float(counted.mean()), 3),
                'encode_ms_p95': round(float(np.percentile(counted, 95)), 3)}

    @property
    def is_unsteady(self) -> bool:
        """Whether even the rounds that count differ much."""
        first, *_, last = (float(np.median(each)) for each in self._quickest())
        return last > UNSTEADY * first

    def _quickest(self) -> list[list[float]]:
        return sorted(self._rounds, key=np.median)[:COUNTED_ROUNDS]

    def _count_bytes(self, scene: MovingScene) -> float:
        # The first frame cannot lean on another.
        return float(np.mean([encoded_frame_bytes(FRAME_ID, len(each.payload))
                              for each in self._encode(scene, LOOKS)[1:]]))

    def _encode(self, scene: MovingScene, count: int) -> list[Encoded]:
        point = self.point
        self._encoder.forget()
        return [self._encoder.encode(scene.look(), point.width, point.rate, coder=point.coder,
                                     alone=point.alone) for _ in range(count)]
