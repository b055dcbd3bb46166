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
    whole = split_of(_20240717_r7=8, _20240717_r6=6, _20240606_r1=7, _20240719_r2=5, hall=2)
    choose, judge = (take_half(whole, half) for half in HALVES)
    assert sorted(image.image_id for image in (*choose.images, *judge.images)) == list(range(28))
    assert len(choose.images) == len(judge.images) == 14
    days = [{day_of(image.recording) for image in half.images} for half in (choose, judge)]
    assert not days[0] & days[1]


def test_the_order_of_the_pictures_changes_no_half() -> None:
    first = take_half(split_of(_20240717_r7=3, hall=2, yard=2), 'judge')
    second = take_half(split_of(yard=2, hall=2, _20240717_r7=3), 'judge')
    assert ({image.recording for image in first.images}
            == {image.recording for image in second.images} == {'hall', 'yard'})


@pytest.mark.parametrize('counts', [{'hall': 3}, {'hall': 3, '_': 2}])
def test_without_two_named_recordings_there_are_no_halves(counts: dict[str, int]) -> None:
    with pytest.raises(DataSetError, match='"sequence"'):
        take_half(split_of(**counts), 'judge')


@pytest.mark.data
def test_halves_of_the_real_recordings_are_as_large_as_each_other(slim_split_data: Path) -> None:
    from slim_split_ros.training.data.coco_folder import load_split

    whole = load_split(slim_split_data / 'robocup_msl', 'val')
    sizes = [len(take_half(whole, half).images) for half in HALVES]
    assert sum(sizes) == len(whole.images)
    assert abs(sizes[0] - sizes[1]) < 0.05 * len(whole.images)
