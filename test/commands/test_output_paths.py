"""Is a file that cannot be written known before the work that it is to hold?"""

from __future__ import annotations

from argparse import Namespace
import os
from pathlib import Path

import cv2
import numpy as np
from onnx import TensorProto
import pytest

from slim_split_ros.__main__ import main
from slim_split_ros.commands.output_paths import output_file, why_overwritten, write_json
from support.detector_graphs import constant_graph, save

FILES = [
    ('adapt', '--json'), ('bench', '--json'), ('demo', '--json'), ('demo', '--rerun'),
    ('detect', '--json'), ('evaluate', '--json'), ('evaluate', '--report'), ('fleet', '--json'),
    ('link', '--json'), ('link', '--report'), ('replay', '--json'), ('replay', '--rerun'),
    ('watch', '--json')]
FOLDERS = [
    ('adapt', '--output'), ('demo', '--output'), ('detect', '--output'), ('evaluate', '--dump'),
    ('export', '--output'), ('fleet', '--output'), ('profile', '--output'),
    ('replay', '--output'), ('train', '--output')]


def _refuse(arguments: list[str], capsys: pytest.CaptureFixture) -> str:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(('command', 'option'), FILES)
def test_folder_is_no_file(
    command: str, option: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    said = _refuse([command, option, str(tmp_path)], capsys)

    assert f'argument {option}: {tmp_path} is a folder: give a file in it' in said


@pytest.mark.parametrize(('command', 'option'), FOLDERS)
def test_file_is_no_folder(
    command: str, option: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (file := tmp_path / 'taken').write_text('')

    assert f'{file} is a file: give a folder' in _refuse([command, option, str(file)], capsys)


@pytest.mark.parametrize(('command', 'option'), [('link', '--json'), ('adapt', '--output')])
@pytest.mark.parametrize(('name', 'reason'), [
    ('taken/of/it', 'taken is a file, not a folder'), ('a' * 5_000, 'File name too long')])
def test_path_that_cannot_be_is_said_with_the_reason(
    command: str, option: str, name: str, reason: str, tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    (tmp_path / 'taken').write_text('')

    assert reason in _refuse([command, option, str(tmp_path / name)], capsys)


@pytest.mark.parametrize(('command', 'option'), FILES + FOLDERS)
def test_place_that_takes_no_files_is_known_at_once(
    command: str, option: str, capsys: pytest.CaptureFixture
) -> None:
    said = _refuse([command, option, '/proc/new/of_it'], capsys)

    assert f'argument {option}: /proc/new/of_it cannot be written to (' in said


@pytest.mark.parametrize(('command', 'option'), FILES + FOLDERS)
def test_path_that_no_library_takes_is_refused(
    command: str, option: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    said = _refuse([command, option, str(tmp_path / os.fsdecode(b'a\xff'))], capsys)

    assert r"a\udcff' is not written in UTF-8: choose another" in said


@pytest.mark.parametrize('arguments', [
    ['detect', 'a.png', '--detector', 'yolo.onnx', '--json', 'yolo.onnx'],
    ['detect', 'a.png', '--detector', 'yolo.onnx', '--json', './a.png'],
    ['detect', 'a.png', '--detector', 'yolo.onnx', '--json', 'link.png'],
    ['replay', 'bag', '--json', 'bag/bag.mcap'],
    ['replay', 'bag', '--output', 'bag/../bag'],
    ['detect', 'a.png', '--detector', 'yolo.onnx', '--json', 'yolo.txt'],
    ['link', '--trace', 'a.png', '--report', 'a.png'],
    ['adapt', '--detector', 'yolo.onnx', '--source', 'bag', '--output', 'bag'],
    ['adapt', '--detector', 'yolo.onnx', '--source', 'a', '--base', 'bag', '--output', 'bag'],
    ['train', '--data', 'bag', '--output', 'bag'],
])
def test_what_a_command_reads_is_not_written_over(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'bag').mkdir()
    (tmp_path / 'link.png').symlink_to('a.png')
    files = [tmp_path / name for name in ('a.png', 'yolo.onnx', 'yolo.txt', 'bag/bag.mcap')]
    for file in files:
        file.write_text('mine')

    said = _refuse(arguments, capsys)

    assert f'argument {arguments[-2]}: {Path(arguments[-1])} is, or lies in, what ' in said
    assert {file.read_text() for file in files} == {'mine'}


def test_pictures_are_not_drawn_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = np.float32([[[0, 0, 32, 32, 0.9, 1]]])
    save(constant_graph({'output0': rows}, TensorProto.FLOAT, (1, 3, 64, 64)), tmp_path)
    cv2.imwrite('shot.png', np.full((48, 64, 3), 128, np.uint8))
    before = Path('shot.png').read_bytes()

    command = ['detect', 'shot.png', '--detector', 'detector.onnx', '--output']
    assert main([*command, '.']) == 2
    assert 'found in shot.png would be drawn over it' in capsys.readouterr().err
    assert Path('shot.png').read_bytes() == before
    assert main([*command, 'drawn']) == 0
    assert main([*command, 'drawn']) == 0  # what was drawn before is drawn again


def test_what_the_same_command_wrote_before_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'trace.csv').write_text('t_s,rate_kbps,delay_ms,loss\n0,500,20,0\n1,500,20,0\n')
    (tmp_path / 'figures.json').write_text('{}')

    assert main(['link', '--trace', 'trace.csv', '--json', 'figures.json']) == 0
    assert why_overwritten(Namespace(
        data=[tmp_path], json=output_file(str(tmp_path / 'figures.json')))) == ''


def test_names_of_models_and_commands_are_no_inputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """A folder of such a name, of an earlier run, may be written to."""
    monkeypatch.chdir(tmp_path)
    for name in ('general', 'adapt'):
        (tmp_path / name).mkdir()
        assert main(['adapt', '--detector', 'none.onnx', '--source', 'a', '--output', name]) == 1
        assert 'none.onnx is no file' in capsys.readouterr().err


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write_json(tmp_path / 'a' / 'b.json', {'points': []})

    assert (tmp_path / 'a' / 'b.json').read_text() == '{\n "points": []\n}\n'
