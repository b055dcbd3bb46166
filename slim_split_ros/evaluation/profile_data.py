"""What the operating points give on labelled pictures: `evaluate`'s figures as a table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tqdm import tqdm

from slim_split_ros.evaluation.errors import EvaluationError
from slim_split_ros.evaluation.evaluate import evaluate
from slim_split_ros.evaluation.points import MeasuredPoint
from slim_split_ros.evaluation.profile import FrameRow, ProfileTable
from slim_split_ros.networks.errors import NetworkError
from slim_split_ros.training.data.coco_folder import load_split
from slim_split_ros.training.data.recordings import Half, take_half
from slim_split_ros.training.errors import TrainingError
from slim_split_ros.wire.manifest import Manifest


def profile_data(manifest: Manifest, folder: Path, split: str, half: Half | None = None
                 ) -> ProfileTable:
    """Evaluate every width and rate; raises EvaluationError with what stands in the way."""
    try:
        pictures = load_split(folder, split)
        evaluation = evaluate(
            manifest, take_half(pictures, half) if half else pictures, ('slim',), None, None,
            lambda items, name: tqdm(items, name, leave=False))
    except (NetworkError, TrainingError) as error:
        raise EvaluationError(str(error)) from error
    return to_table(evaluation.points, f'{manifest.fingerprint:016x}')


def to_table(measured: Iterable[MeasuredPoint], fingerprint: str) -> ProfileTable:
    """Return the points of our codec, and each frame's bytes."""
    ours = [point for point in measured if point.setting.codec == 'slim']
    rows = tuple(
        FrameRow(number, point.setting.width, point.setting.rate, frame.bytes)
        for point in ours for number, frame in enumerate(point.frames))
    return ProfileTable(fingerprint, tuple(point.to_dict() for point in ours), rows)
