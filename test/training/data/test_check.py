"""`train --check`: what every split holds, every fault in it, and an end."""

from __future__ import annotations

from pathlib import Path
import subprocess
import sys

import pytest

from slim_split_ros.__main__ import main
from support.drawn_data import read_annotations, write_annotations, write_drawn_data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_drawn_data(tmp_path / 'drawn', 'train', 4)
    write_drawn_data(tmp_path / 'drawn', 'val', 3)
    return tmp_path / 'drawn'


def check(folder: Path, *more: str) -> int:
    return main(['train', '--check', '--data', str(folder), '--output', str(folder / 'out'),
                 *more])


def break_boxes(folder: Path, split: str) -> None:
    data = read_annotations(folder, split)
    for item in data['annotations']:
        item['bbox'] = None
    write_annotations(folder, split, data['images'], data['annotations'])


def test_every_split_is_said_to_hold_its_pictures_boxes_and_classes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(folder) == 0
    said = capsys.readouterr()
    assert 'instances_train.json: 4 pictures' in said.out and 'square' in said.out
    assert 'instances_val.json: 3 pictures' in said.out
    assert said.err == ''
    assert not (folder / 'out').exists()


def test_faults_stand_in_the_output_and_one_line_says_what_to_do(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    break_boxes(folder, 'val')
    assert check(folder) == 1
    said = capsys.readouterr()
    assert 'fault: annotation 1: bbox is None' in said.out
    assert said.err.count('\n') == 1 and 'mend' in said.err
    assert check(folder, '--split', 'train') == 0


def test_training_stops_with_the_same_faults(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip('torch')
    break_boxes(folder, 'train')
    assert check(folder, '--split', 'train') == 1
    checked = capsys.readouterr()
    assert main(['train', '--data', str(folder), '--output', str(folder / 'out')]) == 1
    assert capsys.readouterr() == checked
    assert not (folder / 'out').exists()


def test_data_sets_of_other_classes_are_a_fault(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_drawn_data(tmp_path / 'other', 'train', 2)
    file = tmp_path / 'other/annotations/instances_train.json'
    file.write_text(file.read_text().replace('disc', 'coin'))
    assert check(folder, '--data', str(tmp_path / 'other'), '--split', 'train') == 1
    assert 'square, coin' in (said := capsys.readouterr().out) and 'square, disc' in said


def test_a_check_loads_no_torch(folder: Path) -> None:
    program = ('import sys; from slim_split_ros.__main__ import main; '
               f"main(['train', '--check', '--data', {str(folder)!r}]); "
               "sys.exit('torch' in sys.modules)")
    subprocess.run([sys.executable, '-c', program], check=True, timeout=60)


@pytest.mark.data
def test_the_recordings_are_without_faults(slim_split_data: Path) -> None:
    assert check(slim_split_data / 'robocup_msl') == 0
