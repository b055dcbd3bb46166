"""Is a YAML beside a detector read as it is written, and what is wrong in it named?"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
from onnx import TensorProto
import pytest

from slim_split_ros.detectors import DetectorFileError, load_detector
from slim_split_ros.detectors.description import Convention, Description, Resize
from slim_split_ros.detectors.overrides import read_overrides, template
from support.detector_graphs import constant_graph, save


def save_yolo(folder: Path) -> Path:
    """Write one of 80 named classes that finds nothing."""
    nothing = {'output0': np.zeros((1, 84, 8400), np.float32)}
    names = {'names': str({number: f'thing {number}' for number in range(80)})}
    return save(constant_graph(nothing, TensorProto.FLOAT, (1, 3, 640, 640)), folder, names)


@pytest.mark.parametrize(('text', 'scale'), [
    ('0.5', 0.5), ('1', 1.0), ('.5', 0.5), ('1.', 1.0), ('5e-1', 0.5), ('5.0e-1', 0.5),
    ('+2', 2.0), ('"0.5"', 0.5)])
def test_numbers_are_read_as_they_are_written(text: str, scale: float, tmp_path: Path) -> None:
    (tmp_path / 'a.yaml').write_text(f'scale: {text}\n')

    assert read_overrides(tmp_path / 'a.yaml') == {'scale': scale}


def test_names_may_be_a_mapping_from_numbers(tmp_path: Path) -> None:
    (tmp_path / 'a.yaml').write_text('names: {2: cup, 0: fork}\n')

    assert read_overrides(tmp_path / 'a.yaml')['names'] == ('fork', '', 'cup')


def test_template_is_such_a_file_and_has_every_entry(tmp_path: Path) -> None:
    (tmp_path / 'a.yaml').write_text(template())

    said = read_overrides(tmp_path / 'a.yaml')

    assert {*said} == {field.name for field in fields(Description)} - {'dtype'}
    assert template([Convention.YOLOX]).startswith('convention: yolox\nlayout: nchw')


def test_notes_of_the_other_ending_are_not_passed_over(tmp_path: Path) -> None:
    file = save_yolo(tmp_path)
    file.with_suffix('.yml').write_text('resize: stretch')

    with pytest.raises(DetectorFileError, match=r'\.yml is not read: rename it to detector\.yaml'):
        load_detector(file)
    file.with_suffix('.yaml').write_text('resize: stretch')
    assert load_detector(file).description.resize is Resize.STRETCH


def test_value_that_aliases_blow_up_is_shown_in_short(tmp_path: Path) -> None:
    file = save_yolo(tmp_path)
    value = '[x]'
    for name in 'abcdefgh':
        value = f'[&{name} {value}, {", ".join([f"*{name}"] * 8)}]'
    file.with_suffix('.yaml').write_text(f'scale: {value}')

    with pytest.raises(DetectorFileError, match='scale is') as error:
        load_detector(file)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(('text', 'problem'), [
    ('resise: stretch', 'did you mean resize'),
    ('a: &a {k: 1}\nb: {<<: *a}', 'merge keys'),
    ('resize: squash', "resize is 'squash', has to be one of letterbox"),
    ('mean: [1, 2]', 'mean is'),
    ('scale: .nan', 'scale is nan, has to be 1 number from'),
    ('scale: yes', 'scale is True'),
    ('mean: "123"', "mean is '123', has to be 3 numbers"),
    ('deviation: [0, 1, 1]', 'deviation is'),
    ('input_size: [640, 1e9]', 'input_size is'),
    ('input_size: [0.5, 0.5]', r'input_size is \[0.5, 0.5\], has to be 2 whole numbers from 1 to'),
    ('input_size: [640.5, 640]', 'input_size is .* whole'),
    ('nms_iou: 7', 'nms_iou is 7, has to be 1 number from 0 to 1$'),
    ('nms_iou: -0.1', 'nms_iou is'),
    ('names: [a, b]', 'lists 2 classes, the detector gives 80'),
    ('names: nowhere.txt', 'nowhere.txt'),
    ('- a list', 'holds no entries'),
    ('a: [', 'no YAML'),
    ('[' * 20_000, 'no YAML'),
    ('names: 2024-99-99', 'no YAML'),
    ('scale: !!int ""', 'no YAML'),
    ('scale: !!bool x', 'no YAML'),
    ('scale: ' + '9' * 5_000, 'no YAML'),
    ('#' * 300_000, 'no YAML .* more than'),
    ('convention: [yolo]', 'convention is .* one of'),
    ('resize: {a: 1}', 'resize is .* one of'),
    ('names: /dev/zero', '/dev/zero cannot be read'),
    ('names: "a\\0b"', 'cannot be read'),
    (f'names: {"a" * 5_000}', 'cannot be read'),
    ('names: detector.onnx', 'cannot be read'),
    ('names: ["\\ud800"]', 'names is'),
    ('names: {0: a}', 'lists 1 classes, the detector gives 80'),
    ('names: {a: 0}', 'names is .* a mapping from numbers'),
    ('names: {-1: a, 0: b}', 'names is'),
    ('names: {yes: a}', 'names is'),
    ('names: {0: a, 0: b}', '0 stands there 2 times: leave one'),
    ('resize: stretch\nresize: letterbox', 'resize stands there 2 times: leave one'),
    ('scale: 1_0', "'1_0' is no plain number: write decimals"),
    ('scale: "1_0"', "scale is '1_0', has to be"),
    ('scale: 1:30', "'1:30' is no plain number"),
    ('scale: 010', "'010' is no plain number"),
    ('size: [640, 640]', 'did you mean input_size'),
    ('std: [1, 1, 1]', 'did you mean deviation'),
    ('names: []', r'names is \[\], has to be a file .* or a list of 1 to'),
])
def test_wrong_entry_is_named(text: str, problem: str, tmp_path: Path) -> None:
    file = save_yolo(tmp_path)
    file.with_suffix('.yaml').write_text(text)

    with pytest.raises(DetectorFileError, match=problem):
        load_detector(file)
