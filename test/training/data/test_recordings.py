"""The half that chooses and the half that judges share no day, and always fall the same way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from slim_split_ros.training.data.coco_folder import CocoSplit, LabelledImage
from slim_split_ros.training.data.findings import Findings
from slim_split_ros.training.data.recordings import HALVES, day_of, take_half
from slim_split_ros.training.errors import DataSetError


def split_of(**counts: int) -> CocoSplit:
    """Return pictures of recordings by name, so many each, and in turns."""
    names = [name for name, count in counts.items() for _ in range(count)]
    images = tuple(
        LabelledImage(number, Path(f'{number}.jpg'), 8, 8, np.zeros((0, 4), np.float32),
                      np.zeros(0, np.int64), recording=name.lstrip('_'))
        for number, name in enumerate(names))
    return CocoSplit(Path('val.json'), ('ball',), (1,), images, Findings(), Findings())


def test_the_halves_hold_every_picture_once_and_share_no_day() -> None:
    whole = split_of(_20240717_r7=8, _20240717_r6=6, _20240606_r1=6, _20240719_r2=5, hall=3)
    choose, judge = (take_half(whole, half) for half in HALVES)
    assert sorted(image.image_id for image in (*choose.images, *judge.images)) == list(range(28))
    assert {day_of(image.recording) for image in choose.images} == {'20240606', '20240717'}
    assert {day_of(image.recording) for image in judge.images} == {'20240719', 'hall'}


def test_the_cut_is_between_the_days_where_both_halves_are_nearest_to_one_size() -> None:
    days = {'_20240101_r1': 1, '_20240102_r1': 2, '_20240103_r1': 6, '_20240104_r1': 1}
    assert len(take_half(split_of(**days), 'choose').images) == 3
    assert len(take_half(split_of(hall=9, yard=1), 'judge').images) == 1


def test_the_order_of_the_pictures_changes_no_half() -> None:
    first = take_half(split_of(attic=3, hall=2, yard=2), 'judge')
    second = take_half(split_of(yard=2, attic=3, hall=2), 'judge')
    assert ({image.recording for image in first.images}
            == {image.recording for image in second.images} == {'hall', 'yard'})


@pytest.mark.parametrize('counts', [{'hall': 3}, {'hall': 3, '_': 2}])
def test_without_two_named_recordings_there_are_no_halves(counts: dict[str, int]) -> None:
    with pytest.raises(DataSetError, match='"sequence"'):
        take_half(split_of(**counts), 'judge')


@pytest.mark.data
def test_later_days_of_the_real_recordings_judge(slim_split_data: Path) -> None:
    from slim_split_ros.training.data.coco_folder import load_split

    whole = load_split(slim_split_data / 'robocup_msl', 'val')
    choose, judge = (take_half(whole, half) for half in HALVES)
    assert len(choose.images) + len(judge.images) == len(whole.images)
    assert (max(day_of(image.recording) for image in choose.images)
            < min(day_of(image.recording) for image in judge.images))
