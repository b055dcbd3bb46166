"""Do a detector's classes have the names that its file, or one beside it, gives?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto
import pytest

from slim_split_ros.detectors import DetectorFileError, load_detector
from slim_split_ros.detectors.description import Convention
from support.detector_graphs import constant_graph, save


def _detector(folder: Path, metadata: dict[str, str] | None = None) -> Path:
    """Write one of 80 classes."""
    rows = np.zeros((1, 84, 8400), np.float32)
    return save(
        constant_graph({'output0': rows}, TensorProto.FLOAT, (1, 3, 640, 640)), folder, metadata)


def test_names_come_from_a_file_beside(tmp_path: Path) -> None:
    file = _detector(tmp_path)
    file.with_suffix('.txt').write_text(''.join(f'name {number}\n' for number in range(80)))

    assert load_detector(file).classes[:2] == ('name 0', 'name 1')


@pytest.mark.parametrize('names', [
    "{1000000000000: 'x'}", '{[]: 1}', r"['a\x1b[2J']", "['\\ud800']", f"['{'x' * 300}']",
    '[' + "'x'," * 20_000 + ']', '(' * 100_000, '[' + "'x'," * 300_000 + ']'])
def test_metadata_whose_names_cannot_be_read_are_refused_unless_others_are_given(
    names: str, tmp_path: Path
) -> None:
    file = _detector(tmp_path, {'names': names})

    with pytest.raises(DetectorFileError, match='in its metadata cannot be read') as refusal:
        load_detector(file)
    assert len(str(refusal.value)) < 500
    file.with_suffix('.txt').write_text('\n'.join(f'name {number}' for number in range(80)))
    assert load_detector(file).classes[0] == 'name 0'


@pytest.mark.parametrize('names', [
    '{"0": "helmet", "1": "vest"}', "{'0': 'helmet', '1': 'vest'}", '["helmet", "vest"]'])
def test_names_of_json_are_read(names: str, tmp_path: Path) -> None:
    rows = np.zeros((1, 6, 8400), np.float32)
    file = save(constant_graph({'output0': rows}, TensorProto.FLOAT, (1, 3, 640, 640)), tmp_path,
                {'names': names})

    assert load_detector(file).classes == ('helmet', 'vest')


@pytest.mark.parametrize('names', ['', '{}', '[]'])
def test_empty_names_are_none(names: str, tmp_path: Path) -> None:
    assert load_detector(_detector(tmp_path, {'names': names})).classes[0] == 'person'


@pytest.mark.parametrize('end', ['', '\n', '\n\n'])
@pytest.mark.parametrize(('columns', 'convention'), [
    (7, Convention.YOLO), (8, Convention.YOLOX)])
def test_names_beside_a_turned_yolo_tell_it_from_yolox(
    columns: int, convention: Convention, end: str, tmp_path: Path
) -> None:
    rows = np.zeros((1, 8400, columns), np.float32)
    file = save(constant_graph({'output0': rows}, TensorProto.FLOAT, (1, 3, 640, 640)), tmp_path)
    file.with_suffix('.txt').write_text(f'helmet\nvest\ncone{end}')

    detector = load_detector(file)
    assert detector.description.convention is convention
    assert detector.classes == ('helmet', 'vest', 'cone')


@pytest.mark.parametrize('count', [3, 5])
def test_names_whose_columns_nobody_can_tell_are_refused(count: int, tmp_path: Path) -> None:
    outputs = {'boxes': np.zeros((1, 2000, 4), np.float32),
               'scores': np.zeros((1, 2000, 4), np.float32)}
    file = save(constant_graph(outputs, TensorProto.FLOAT, (1, 3, 300, 300)), tmp_path)
    file.with_suffix('.txt').write_text('\n'.join('abcde'[:count]))

    with pytest.raises(DetectorFileError, match=f'gives 4 classes.*names {count}: list 4'):
        load_detector(file)
    file.with_suffix('.txt').write_text('\nhelmet\nvest\ncone\n')
    assert load_detector(file).classes == ('', 'helmet', 'vest', 'cone')


@pytest.mark.parametrize('content', [
    b'', b'\n', b' \r\n\r\n', b'\xff\xfe', b'a\x1b[2J', b'x' * 300, b'x\n' * 20_000,
    b'x' * 2_000_000])
def test_file_beside_that_names_no_classes_is_refused(content: bytes, tmp_path: Path) -> None:
    file = _detector(tmp_path)
    file.with_suffix('.txt').write_bytes(content)

    with pytest.raises(DetectorFileError, match=r'detector\.txt .* one a line'):
        load_detector(file)


def test_names_in_the_yaml_count_more_than_a_file_beside(tmp_path: Path) -> None:
    file = _detector(tmp_path)
    file.with_suffix('.txt').write_bytes(b'\xff\xfe')
    file.with_suffix('.yaml').write_text(f'names: {["ball"] * 80}')

    assert load_detector(file).classes == ('ball',) * 80


def test_blank_lines_at_the_end_of_a_file_name_nothing(tmp_path: Path) -> None:
    file = _detector(tmp_path)
    (tmp_path / 'names.txt').write_text('ball\n' * 80 + '\n \n')
    file.with_suffix('.yaml').write_text('names: names.txt')

    assert load_detector(file).classes == ('ball',) * 80


def test_names_in_a_file_of_another_system_are_the_same(tmp_path: Path) -> None:
    file = _detector(tmp_path)
    file.with_suffix('.txt').write_bytes(b'\xef\xbb\xbf' + b'ball\r\n' * 80)

    assert load_detector(file).classes == ('ball',) * 80
