"""Do a detector's classes have the names that its file, or one beside it, gives?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto
import pytest

from slim_split_ros.detectors import DetectorFileError, load_detector
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
def test_metadata_that_name_no_classes_are_passed_over(names: str, tmp_path: Path) -> None:
    file = _detector(tmp_path, {'names': names})

    assert load_detector(file).classes[0] == 'person'


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
