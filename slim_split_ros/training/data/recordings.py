"""
Which pictures choose and which judge: two halves of a split that share no day of recording.

Thresholds, defaults and tables come from one half, figures from the other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
import re
from typing import Literal

from slim_split_ros.training.data.coco_folder import CocoSplit
from slim_split_ros.training.errors import DataSetError

Half = Literal['choose', 'judge']
HALVES: tuple[Half, ...] = ('choose', 'judge')
# Robots of one match stand in one hall, under the same lights: their pictures stay together.
_DAY = re.compile(r'\d{8}(?=_)')


def day_of(recording: str) -> str:
    """
    Return what must not be torn apart: the day that a recording's name begins with, or itself.

    >>> day_of('20240717_r6'), day_of('hall 7')
    ('20240717', 'hall 7')
    """
    day = _DAY.match(recording)
    return day.group() if day else recording


def take_half(split: CocoSplit, half: Half) -> CocoSplit:
    """
    Return the pictures of one half: the earlier days choose, the later ones judge.

    By name, so in time where names begin with a date, and cut between the days where both halves
    are nearest to one size. Raises DataSetError where fewer than two days are known.
    """
    counts = Counter(day_of(image.recording) for image in split.images)
    if len(counts) < 2 or '' in counts:
        raise DataSetError(
            f'{split.annotation_file}: halves need pictures of two recordings or more, each '
            'named: give every image a field "sequence", or files names like '
            '20240717_r6_cam0_101530.jpg')
    days = sorted(counts)
    sizes = [sum(counts[day] for day in days[:cut]) for cut in range(1, len(days))]
    cut = min(range(1, len(days)), key=lambda cut: abs(2 * sizes[cut - 1] - len(split.images)))
    chosen = set(days[:cut] if half == 'choose' else days[cut:])
    return replace(split, images=tuple(
        image for image in split.images if day_of(image.recording) in chosen))


def thin_out(split: CocoSplit, count: int) -> CocoSplit:
    """Return about `count` pictures, every so many of them; all where there are not more."""
    step = max(1, round(len(split.images) / count))
    return replace(split, images=split.images[::step])
