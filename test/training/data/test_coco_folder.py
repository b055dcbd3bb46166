"""A split as training and evaluation read it: pictures, boxes, remarks, and faults by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import struct

import cv2
import numpy as np
import pytest

from slim_split_ros.training.data.coco_folder import check_split, load_split
from slim_split_ros.training.errors import DataSetError
from support.drawn_data import CLASSES, read_annotations, write_annotations, write_drawn_data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_drawn_data(tmp_path, 'train', 6)
    return tmp_path


def change(folder: Path, edit: Callable[[dict], object]) -> None:
    data = read_annotations(folder, 'train')
    edit(data)
    write_annotations(folder, 'train', data['images'], data['annotations'])


def picture(folder: Path, number: int) -> Path:
    return folder / f'images/train/{number:03d}.jpg'


def test_a_sound_split_gives_images_boxes_and_classes(folder: Path) -> None:
    split = check_split(folder, 'train')
    assert split.classes == CLASSES
    assert len(split.images) == 6
    written = read_annotations(folder, 'train')['annotations']
    assert sum(split.class_counts.values()) == len(written)
    assert not split.faults and not split.remarks


def test_an_image_without_boxes_is_kept(folder: Path) -> None:
    assert load_split(folder, 'train').images[4].boxes.shape == (0, 4)


def test_all_faults_are_listed_at_once(folder: Path) -> None:
    picture(folder, 0).unlink()
    picture(folder, 1).write_bytes(picture(folder, 1).read_bytes()[:200])
    picture(folder, 2).write_bytes(b'no picture')
    picture(folder, 3).write_bytes(b'')
    change(folder, lambda data: data['annotations'][-1].update(bbox=[500, 0, 5, 5]))
    lines = check_split(folder, 'train').faults.lines()
    for expected in ('000.jpg: missing', '001.jpg: JPEG', '002.jpg: not a picture',
                     '003.jpg: not a picture', 'outside the picture'):
        assert [line for line in lines if expected in line]
    assert len(lines) == 5


def test_a_reader_that_opens_no_pictures_names_the_first_fault_and_how_to_see_all(
    folder: Path
) -> None:
    picture(folder, 0).unlink()
    picture(folder, 1).unlink()
    with pytest.raises(DataSetError, match=r'2 fault\(s\), .*000.jpg: missing.*--check'):
        load_split(folder, 'train')


def test_a_size_that_is_not_the_pictures_is_named(folder: Path) -> None:
    change(folder, lambda data: data['images'][0].update(width=640, height=480))
    (line,) = check_split(folder, 'train').faults.lines()
    assert 'annotations say 640 x 480' in line


def test_a_class_without_boxes_and_a_clipped_box_are_remarked_on(folder: Path) -> None:
    def edit(data: dict) -> None:
        data['annotations'] = [item for item in data['annotations'] if item['category_id'] == 1]
        data['annotations'][0]['bbox'] = [-5, 0, 20, 20]

    change(folder, edit)
    split = load_split(folder, 'train')
    assert any("class 'disc' has no box" in remark for remark in split.remarks.lines())
    assert any('is clipped' in remark for remark in split.remarks.lines())
    all_boxes = np.concatenate([image.boxes for image in split.images])
    assert all_boxes.min() >= 0


@pytest.mark.parametrize('box', [[9, 9, 1.5, 0.0], [9, 9, 0, 4], [900, 9, 0, 0]])
def test_a_box_without_area_is_left_out_with_a_remark(folder: Path, box: list) -> None:
    before = sum(load_split(folder, 'train').class_counts.values())
    change(folder, lambda data: data['annotations'][0].update(bbox=box))
    split = load_split(folder, 'train')
    assert sum(split.class_counts.values()) == before - 1
    assert any('without area and is left out' in remark for remark in split.remarks.lines())


def test_a_whole_jpeg_with_a_trailer_is_whole(folder: Path) -> None:
    picture(folder, 0).write_bytes(picture(folder, 0).read_bytes() + b'notes of a camera' * 9)
    assert not check_split(folder, 'train').faults


def test_a_png_of_absurd_size_is_refused_before_its_memory_is_taken(folder: Path) -> None:
    content = bytearray(cv2.imencode('.png', np.zeros((4, 4, 3), np.uint8))[1].tobytes())
    content[16:24] = struct.pack('>II', 60_000, 60_000)
    picture(folder, 0).write_bytes(content)
    (line,) = check_split(folder, 'train').faults.lines()
    assert '000.jpg: PNG says 60000x60000 pixels' in line


def test_a_missing_annotation_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match='instances_val.json is missing'):
        load_split(tmp_path, 'val')


def test_the_recording_is_the_sequence_or_day_and_robot_of_the_name(folder: Path) -> None:
    def name_them(data: dict) -> None:
        data['images'][0].update(sequence=77001, timestamp=0.5)
        data['images'][1].update(sequence='hall', timestamp_s=2, timestamp=9.0)
        data['images'][2].update(file_name='20240717_r6_cam0_101530.jpg', sequence=None)

    picture(folder, 2).rename(folder / 'images/train/20240717_r6_cam0_101530.jpg')
    change(folder, name_them)
    images = load_split(folder, 'train').images
    assert [image.recording for image in images[:4]] == ['77001', 'hall', '20240717_r6', '']
    assert [image.timestamp_s for image in images[:3]] == [0.5, 2, None]


@pytest.mark.parametrize('field', [{'sequence': [1]}, {'timestamp': 'noon'}])
def test_an_odd_sequence_or_time_is_a_fault_that_names_it(folder: Path, field: dict) -> None:
    change(folder, lambda data: data['images'][0].update(field))
    with pytest.raises(DataSetError, match=next(iter(field))):
        load_split(folder, 'train')


def test_a_data_set_of_one_split_may_have_its_pictures_in_images_alone(folder: Path) -> None:
    for path in (folder / 'images/train').iterdir():
        path.rename(folder / 'images' / path.name)
    (folder / 'images/train').rmdir()
    assert load_split(folder, 'train').images[0].path == folder / 'images/000.jpg'
