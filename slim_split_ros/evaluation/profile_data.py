"""What the operating points give on labelled pictures: `evaluate`'s figures as a table."""

from __future__ import annotations

from pathlib import Path

from tqdm import tqdm

from slim_split_ros.evaluation.errors import EvaluationError
from slim_split_ros.evaluation.evaluate import Evaluation, evaluate
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
    return to_table(evaluation, f'{manifest.fingerprint:016x}')


def to_table(evaluation: Evaluation, fingerprint: str) -> ProfileTable:
    """Return the points of our codec, and each frame's bytes."""
    rows = tuple(
        FrameRow(number, point.setting.width, point.setting.rate, frame.bytes)
        for point in evaluation.points if point.setting.codec == 'slim'
        for number, frame in enumerate(point.frames))
    points = tuple(point.to_dict() for point in evaluation.points
                   if point.setting.codec == 'slim')
    return ProfileTable(fingerprint, points, rows)
