"""Any missing or odd field of an annotation file is one of the faults, by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from slim_split_ros.training.data.coco_fields import read_entries
from slim_split_ros.training.data.coco_folder import check_split
from slim_split_ros.training.data.findings import Findings
from support.drawn_data import write_drawn_data

HUGE = 10 ** 400


def sound() -> dict[str, Any]:
    return {
        'images': [{'id': 1, 'file_name': '1.jpg', 'width': 64, 'height': 48},
                   {'id': 2, 'file_name': '2.jpg', 'width': 64, 'height': 48}],
        'annotations': [{'id': 1, 'image_id': 1, 'category_id': 1, 'bbox': [5, 5, 20, 20],
                         'area': 400, 'iscrowd': 0},
                        {'id': 2, 'image_id': 2, 'category_id': 1, 'bbox': [5, 5, 20, 20]}],
        'categories': [{'id': 1, 'name': 'ball'}]}


def faults_of(folder: Path, text: str | bytes) -> list[str]:
    file = folder / 'instances_train.json'
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    faults = Findings()
    read_entries(file, faults)
    return faults.lines()


def faults_of_data(folder: Path, data: object) -> list[str]:
    return faults_of(folder, json.dumps(data))


def test_a_sound_file_has_no_faults(tmp_path: Path) -> None:
    assert faults_of_data(tmp_path, sound()) == []


@pytest.mark.parametrize(('key', 'field'), [
    *(('images', field) for field in ('id', 'file_name', 'width', 'height')),
    *(('annotations', field) for field in ('id', 'image_id', 'category_id', 'bbox')),
    *(('categories', field) for field in ('id', 'name'))])
@pytest.mark.parametrize('value', [
    'missing', None, True, -1.5, HUGE, [], {}, '', [[1]], {'id': 1}, float('nan'), [1, 2, 3],
    [1, 2, 3, '4'], [1, 2, 3, True], [1, 2, -3, 4], [1, 2, 3, HUGE], [1, 2, 3, float('inf')],
    [1, 2, 3, 4, 5], '\ud800', 'a\0b', '\x1b[2J'])
def test_a_missing_or_odd_field_is_a_fault_that_names_it(
    tmp_path: Path, key: str, field: str, value: object
) -> None:
    data = sound()
    if value == 'missing':
        del data[key][0][field]
    else:
        data[key][0][field] = value
    assert [line for line in faults_of_data(tmp_path, data) if f'{field} is ' in line]


@pytest.mark.parametrize(('key', 'field', 'value', 'expected'), [
    ('annotations', 'image_id', '1', "annotation 1: image_id is '1', must be an integer"),
    ('annotations', 'id', '1', "annotations[0]: id is '1', must be an integer"),
    ('annotations', 'bbox', [float('nan'), 5, 20, 20], 'annotation 1: bbox is [nan, 5, 20, 20]'),
    ('annotations', 'area', 'large', "area is 'large'"),
    ('annotations', 'iscrowd', 2, 'iscrowd is 2'),
    ('categories', 'name', 'ß' * 129, 'must be a name of at most 256 bytes'),
    ('images', 'width', 0, 'width is 0'), ('images', 'height', 8193, 'height is 8193'),
    ('images', 'width', '64', "image 1 ('1.jpg'): width is '64', must be an integer of 1 to"),
    ('images', 'file_name', '../1.jpg', "file_name is '../1.jpg', must be a path within"),
    ('images', 'file_name', '/etc/passwd', "file_name is '/etc/passwd'")])
def test_a_fault_says_entry_field_and_value(
    tmp_path: Path, key: str, field: str, value: object, expected: str
) -> None:
    data = sound()
    data[key][0][field] = value
    assert [line for line in faults_of_data(tmp_path, data) if expected in line]


@pytest.mark.parametrize(('change', 'expected'), [
    (lambda data: data['images'][1].update(id=1), 'image id 1 is used 2 times'),
    (lambda data: data['annotations'][1].update(id=1), 'annotation id 1 is used 2 times'),
    (lambda data: data['categories'].append({'id': 1, 'name': 'cup'}), 'category id 1 is used 2'),
    (lambda data: data['categories'].append({'id': 2, 'name': 'ball'}), "name 'ball' is used 2"),
    (lambda data: data['images'].append(3), 'images[2] is 3, must be an object'),
    (lambda data: data['images'].append([{}]), 'images[2] is [{}], must be an object'),
    (lambda data: data.update(images=[]), 'lists no images'),
    (lambda data: data.update(categories=[]), 'lists no categories'),
    (lambda data: data.update(images={}), "no list 'images'"),
    (lambda data: data.update(info=float('inf')), 'holds Infinity 1 times'),
    (lambda data: data.pop('annotations'), "no list 'annotations'")])
def test_lists_and_ids_that_do_not_fit_are_faults(tmp_path: Path, change, expected: str) -> None:
    data = sound()
    change(data)
    assert [line for line in faults_of_data(tmp_path, data) if expected in line]


@pytest.mark.parametrize('text', [
    '', '{', 'images', b'\xff\xfe\x00', b'\x80', '[' * 100_000, '[]', '3', 'null', '"images"'])
def test_what_is_no_coco_json_is_one_fault(tmp_path: Path, text: str | bytes) -> None:
    (line,) = faults_of(tmp_path, text)
    assert 'instances_train.json' in line


def test_a_byte_order_mark_is_let_by(tmp_path: Path) -> None:
    assert faults_of(tmp_path, b'\xef\xbb\xbf' + json.dumps(sound()).encode()) == []


def test_faults_of_every_kind_are_shown_and_many_of_one_counted(tmp_path: Path) -> None:
    data = sound()
    data['annotations'] = [{'id': number, 'image_id': 1, 'category_id': 1}
                           for number in range(100)]
    data['annotations'][-1]['bbox'] = 'odd'
    data['images'][0]['height'] = 0
    lines = faults_of_data(tmp_path, data)
    assert lines.count('... and 94 more like it') == 1
    assert [line for line in lines if 'height is 0' in line]
    assert [line for line in lines if "bbox is 'odd'" in line]


def test_crowds_are_left_out_but_checked(tmp_path: Path) -> None:
    data = sound()
    data['annotations'][0]['iscrowd'] = 1
    (tmp_path / 'one.json').write_text(json.dumps(data))
    faults = Findings()
    assert len(read_entries(tmp_path / 'one.json', faults).boxes) == 1
    assert not faults


@pytest.fixture(scope='module')
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('drawn')
    write_drawn_data(folder, 'train', 2, size=(64, 48))
    return folder


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(
        [HUGE, -HUGE, 1e308, '..', '.', '/', 'a' * 5000, '000.jpg']),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6)


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_whatever_stands_in_a_field_there_is_never_an_exception(drawn: Path, data: Any) -> None:
    coco = sound()
    for _ in range(data.draw(st.integers(1, 3))):
        key = data.draw(st.sampled_from(sorted(coco)))
        entry = data.draw(st.sampled_from(coco[key]))
        field = data.draw(st.sampled_from(sorted(entry)))
        entry[field] = data.draw(ANYTHING)
    file = drawn / 'annotations/instances_train.json'
    file.write_text(json.dumps(coco))

    read = check_split(drawn, 'train')

    '\n'.join([*read.faults.lines(), *read.remarks.lines()]).encode()
    assert read.faults  # the pictures of `sound` are not there
