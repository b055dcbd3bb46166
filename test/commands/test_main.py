"""Does every command end in one line where its files, or whoever reads what it says, fail it?"""

from __future__ import annotations

import os
from pathlib import Path
import subprocess
import sys

import pytest

from slim_split_ros.__main__ import main
from slim_split_ros.commands import COMMANDS

TRACE = 't_s,rate_kbps,delay_ms,loss\n0,500,20,0\n1,500,20,0\n'


def _start(*arguments: str, **options: object) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, '-m', 'slim_split_ros', *arguments], stderr=subprocess.PIPE, **options)


@pytest.mark.parametrize('arguments', [
    ['detect', 'a.png', '--detector', 'a' * 5_000],
    ['detect', 'a.png', '--detector', '~nobody-of-this-name/a.onnx'],
    ['link', '--trace', 'a' * 5_000],
    ['link', '--trace', '~nobody-of-this-name/a.csv'],
    ['profile', '--checkpoint', 'nowhere'],
])
def test_name_that_no_file_can_have_ends_with_status_1_and_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture
) -> None:
    assert main(arguments) == 1

    said = capsys.readouterr().err
    assert said.startswith(f'{arguments[0]}: ')
    assert said.count('\n') == 1


def test_full_disk_is_said_without_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (trace := tmp_path / 'trace.csv').write_text(TRACE)

    assert main(['link', '--trace', str(trace), '--json', '/dev/full']) == 1
    assert capsys.readouterr().err == (
        'link: No space left on device: make room, there or in the folder of temporary files '
        '(TMPDIR)\n')


@pytest.mark.parametrize('arguments', [
    ['watch', '--seconds', '-1'],
    ['watch', '--seconds', 'nan'],
    ['replay', 'bag', '--rate', 'inf'],
    ['replay', 'bag', '--target-fps', 'ten'],
    ['replay', 'bag', '--target-fps', '1001'],
    ['replay', 'bag', '--width', '2'],
    ['bench', 'node', '--seconds', 'nan'],
    ['bench', 'encode', '--rounds', '²'],
    ['demo', '--seed', '-1'],
    ['train', '--data', 'here', '--seed', '9' * 5_000],
    *([*command, '--threshold', score] for score in ('nan', '5', '-0.1') for command in (
        ['detect', 'a.png', '--detector', 'a.onnx'],
        ['adapt', '--detector', 'a.onnx', '--source', 'a', '--output', 'new'],
        ['evaluate', '--detector', 'a.onnx', '--source', 'a'])),
    ['adapt', '--detector', 'a.onnx', '--source', 'a', '--output', 'new', '--steps', '0'],
])
def test_number_that_cannot_be_is_wrong_use(
    arguments: list[str], capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert f'argument {arguments[-2]}: {arguments[-1]:.40} is not a ' in said
    assert len(said) < 200


@pytest.mark.parametrize(('error', 'words'), [
    (MemoryError('316 MiB'), 'not enough memory (316 MiB): '),
    # As torch has it.
    (type('OutOfMemoryError', (RuntimeError,), {})('CUDA is full.\nGPU 0 has ...'),
     'not enough memory on the GPU (CUDA is full.): give --device cpu')])
def test_too_little_memory_is_one_line(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def run(args: object) -> int:
        raise error

    monkeypatch.setattr(COMMANDS['link'], 'run', run)

    assert main(['link', '--trace', 'a.csv']) == 1
    said = capsys.readouterr().err
    assert said.startswith(f'link: {words}') and said.count('\n') == 1


def test_reader_that_went_away_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)

    process = _start('train', '--check', '--data', 'nowhere', stdout=writing)
    os.close(writing)

    assert process.communicate()[1] == b''
    assert process.returncode == 1


def test_name_that_is_not_utf_8_is_shown(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b'/a\xff.csv'
    with open(name, 'w') as file:
        file.write(TRACE)

    process = _start('link', '--no-loss', '--trace', os.fsdecode(name), stdout=subprocess.PIPE,
                     env={**os.environ, 'PYTHONIOENCODING': 'utf-8:strict'})

    said, errors = process.communicate()
    assert process.returncode == 0, errors
    assert b'a\\udcff' in said
