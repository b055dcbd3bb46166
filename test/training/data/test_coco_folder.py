"""Faulty data sets are named file by file before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from slim_split_ros.training.data.coco_folder import load_split
from slim_split_ros.training.errors import DataSetError
from support.drawn_data import CLASSES, read_annotations, write_annotations, write_drawn_data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_drawn_data(tmp_path, 'train', 6)
    return tmp_path


def change(folder: Path, edit: Callable[[dict], None]) -> None:
    data = read_annotations(folder, 'train')
    edit(data)
    write_annotations(folder, 'train', data['images'], data['annotations'])


def test_a_sound_split_gives_images_boxes_and_classes(folder: Path) -> None:
    split = load_split(folder, 'train', decode=True)
    assert split.classes == CLASSES
    assert len(split.images) == 6
    assert split.remarks == ()


def test_an_image_without_boxes_is_kept(folder: Path) -> None:
    assert load_split(folder, 'train').images[4].boxes.shape == (0, 4)


def test_all_faults_are_listed_at_once(folder: Path) -> None:
    (folder / 'images/train/000.jpg').unlink()
    jpeg = folder / 'images/train/001.jpg'
    jpeg.write_bytes(jpeg.read_bytes()[:200])
    (folder / 'images/train/002.jpg').write_bytes(b'no picture')
    change(folder, lambda data: data['annotations'][-1].update(bbox=[500, 0, 5, 5]))
    with pytest.raises(DataSetError) as caught:
        load_split(folder, 'train', decode=True)
    for expected in ('000.jpg: missing', '001.jpg: truncated', '002.jpg: not a picture',
                     'outside the picture'):
        assert expected in str(caught.value)


@pytest.mark.parametrize(('edit', 'message'), [
    (lambda data: data['images'][1].update(id=1), 'image id 1 is used 2 times'),
    (lambda data: data['annotations'][1].update(id=1), 'annotation id 1 is used 2 times'),
    (lambda data: data['annotations'][0].update(category_id=9), 'unknown category_id 9'),
    (lambda data: data['annotations'][0].update(image_id=99), 'image_id 99 is not listed'),
    (lambda data: data['annotations'][0].update(bbox=[3, 3, 0, 5]), 'is empty or'),
])
def test_wrong_annotations_are_named(
    folder: Path, edit: Callable[[dict], None], message: str
) -> None:
    change(folder, edit)
    with pytest.raises(DataSetError, match=message):
        load_split(folder, 'train')


def test_a_size_that_is_not_the_pictures_is_named(folder: Path) -> None:
    change(folder, lambda data: data['images'][0].update(width=640, height=480))
    with pytest.raises(DataSetError, match='annotations say 640 x 480'):
        load_split(folder, 'train', decode=True)


def test_a_class_without_boxes_and_a_clipped_box_are_remarked_on(folder: Path) -> None:
    def edit(data: dict) -> None:
        data['annotations'] = [item for item in data['annotations'] if item['category_id'] == 1]
        data['annotations'][0]['bbox'] = [-5, 0, 20, 20]

    change(folder, edit)
    split = load_split(folder, 'train')
    assert any("class 'disc' has no box" in remark for remark in split.remarks)
    assert any('was clipped' in remark for remark in split.remarks)
    all_boxes = np.concatenate([image.boxes for image in split.images])
    assert all_boxes.min() >= 0


@pytest.mark.parametrize(('text', 'message'), [
    ('{', 'no JSON'), ('[]', "no list 'images'"), ('{"images": 3}', "no list 'images'")])
def test_what_is_not_coco_is_refused(folder: Path, text: str, message: str) -> None:
    (folder / 'annotations/instances_train.json').write_text(text)
    with pytest.raises(DataSetError, match=message):
        load_split(folder, 'train')


def test_a_missing_annotation_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match='instances_val.json is missing'):
        load_split(tmp_path, 'val')
