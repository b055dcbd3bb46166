"""Is what write_coco leaves a COCO folder, the same one for the same arguments?"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from slim_split_ros.simulation import CLASSES, SettingsError, write_coco


def test_folder_has_the_form_of_the_real_data(tmp_path: Path) -> None:
    """Names, sizes, categories and boxes are those that training and COCO's evaluation read."""
    annotations = write_coco(tmp_path, 'train', 5, seed=3, width=152, height=200,
                             frames_per_hall=2)

    content = json.loads(annotations.read_text())
    assert annotations == tmp_path / 'annotations' / 'instances_train.json'
    assert [c['name'] for c in content['categories']] == list(CLASSES)
    assert [c['id'] for c in content['categories']] == [1, 2, 3, 4]
    assert len(content['images']) == 5
    for image in content['images']:
        picture = cv2.imread(str(tmp_path / 'images' / 'train' / image['file_name']))
        assert picture.shape == (image['height'], image['width'], 3) == (200, 152, 3)
    identities = {image['id'] for image in content['images']}
    assert len({box['id'] for box in content['annotations']}) == len(content['annotations']) > 0
    for box in content['annotations']:
        x, y, width, height = box['bbox']
        assert box['image_id'] in identities and 1 <= box['category_id'] <= 4
        assert x >= 0 and y >= 0 and x + width <= 152 and y + height <= 200
        assert box['area'] == width * height and box['iscrowd'] == 0


def test_same_arguments_write_the_same_bytes(tmp_path: Path) -> None:
    """Pictures and annotations agree to the byte; another seed differs."""
    folders = [tmp_path / name for name in ('first', 'second', 'other')]
    for folder, seed in zip(folders, (8, 8, 9), strict=True):
        write_coco(folder, 'val', 2, seed=seed, width=96, height=64)

    first, second, other = (
        [path.read_bytes() for path in sorted(folder.rglob('*.*')) if path.is_file()]
        for folder in folders
    )
    assert first == second
    assert first != other


@pytest.mark.parametrize(('count', 'frames_per_hall'), [(0, 1), (1, 0)])
def test_counts_below_one_are_refused(tmp_path: Path, count: int, frames_per_hall: int) -> None:
    """The message names the count."""
    with pytest.raises(SettingsError, match='must be at least 1'):
        write_coco(tmp_path, 'train', count, seed=1, frames_per_hall=frames_per_hall)
