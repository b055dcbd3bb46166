"""What the operating points give on labelled pictures: `evaluate`'s figures as a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm

from slim_split_ros.evaluation.evaluate import evaluate
from slim_split_ros.evaluation.evaluate_video import evaluate_video
from slim_split_ros.evaluation.figures.points import MeasuredPoint
from slim_split_ros.evaluation.profile import FrameRow, ProfileTable
from slim_split_ros.onboard.encoder import VIDEO
from slim_split_ros.training.data.coco_folder import CocoSplit
from slim_split_ros.wire.manifest import Manifest

Row = dict[str, Any]


def profile_data(manifest: Manifest, pictures: CocoSplit, clips: CocoSplit | None = None
                 ) -> ProfileTable:
    """
    Evaluate every coder, width and rate, and with clips what is linked to the frame before.

    Raises EvaluationError with what stands in the way.
    """
    stills = evaluate(manifest, pictures, ('slim',), None, None, _progress)
    table = to_table(stills.points, f'{manifest.fingerprint:016x}')
    if clips is None or not manifest.video:
        return table
    moving = evaluate_video(manifest, clips, ('slim',), None, _progress)
    linked = linked_rows(table.points, [point.to_dict() for point in moving.points])
    return ProfileTable(table.fingerprint, (*table.points, *linked), ())


def to_table(measured: Iterable[MeasuredPoint], fingerprint: str) -> ProfileTable:
    """
    Return the points of our codec, and each frame's bytes.

    The latter only where every point is by symbols: video's bytes depend on the frames before.
    """
    ours = [point for point in measured if point.setting.codec == 'slim']
    rows = () if any(point.setting.coder == VIDEO for point in ours) else tuple(
        FrameRow(number, point.setting.width, point.setting.rate, frame.bytes)
        for point in ours for number, frame in enumerate(point.frames))
    return ProfileTable(fingerprint, tuple(point.to_dict() for point in ours), rows)


def linked_rows(stills: Iterable[Row], moving: Iterable[Row]) -> list[Row]:
    """
    Return the points that lean on the frame before, as they would be on the stills' pictures.

    A table has one scale of accuracy: what clips change, linked against alone, is applied to the
    same point of the stills. It is that of a rate, of all widths together, as the width is of the
    map alone and clips are few. Bytes are those after a clip's first second.
    """
    by_name = {_name(row): row for row in stills}
    moving = list(moving)
    alone = {_name(row): row for row in moving if row['alone']}
    gains = _gains_of_leaning([(row, alone[_name(row)]) for row in moving
                               if not row['alone'] and _name(row) in alone])
    rows = []
    for row in moving:
        still, same = by_name.get(_name(row)), alone.get(_name(row))
        if row['alone'] or still is None or same is None or row['rate'] not in gains:
            continue
        size, time = still['bytes'] / same['bytes'], still['encode_ms'] / same['encode_ms']
        rows.append({
            **still, 'alone': False,
            'bytes': round(row['bytes_settled'] * size, 1),
            'bytes_p95': round(row['bytes_settled_p95'] * size, 1),
            'encode_ms': round(row['encode_ms'] * time, 4),
            'encode_ms_p95': round(row['encode_ms_p95'] * time, 4),
            'ap50': round(min(1.0, still['ap50'] * gains[row['rate']]), 4)})
    return rows


def _gains_of_leaning(pairs: Iterable[tuple[Row, Row]]) -> dict[int, float]:
    """Return by rate what leaning makes of accuracy, from rows linked and the same alone."""
    linked: dict[int, float] = defaultdict(float)
    alone: dict[int, float] = defaultdict(float)
    for row, same in pairs:
        linked[row['rate']] += row['ap50']
        alone[row['rate']] += same['ap50']
    return {rate: linked[rate] / total for rate, total in alone.items() if total}


def _name(row: Row) -> tuple[str, float, int]:
    return row['coder'], row['width'], row['rate']


def _progress(items: Iterable, name: str) -> Iterable:
    return tqdm(items, name, leave=False)
