"""Is a file that cannot be written known before the work that it is to hold?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slim_split_ros.__main__ import main
from slim_split_ros.commands.output_paths import write_json

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
    ('taken/of/it', 'taken is a file, not a folder'), ('a' * 5_000, 'name too long')])
def test_path_that_cannot_be_is_said_with_the_reason(
    command: str, option: str, name: str, reason: str, tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    (tmp_path / 'taken').write_text('')

    assert reason in _refuse([command, option, str(tmp_path / name)], capsys)


@pytest.mark.parametrize(('command', 'option'), FILES + FOLDERS)
def test_path_that_no_library_takes_is_refused(
    command: str, option: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    said = _refuse([command, option, str(tmp_path / os.fsdecode(b'a\xff'))], capsys)

    assert r"a\udcff' is not written in UTF-8: choose another" in said


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write_json(tmp_path / 'a' / 'b.json', {'points': []})

    assert (tmp_path / 'a' / 'b.json').read_text() == '{\n "points": []\n}\n'
