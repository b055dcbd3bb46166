"""Tests of key files: what is one, and which sentence says what to do about any other."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import shutil
import subprocess

import pytest

from slim_split_ros.ros.errors import StartError
from slim_split_ros.ros.settings.key_file import load_key
from slim_split_ros.wire.authentication import AuthKey
from support.messages import GOLDEN

pytestmark = pytest.mark.ros

TEXT = '0123456789abcdef' * 4


def write_key(file: Path, content: str = f'{TEXT}\n', mode: int = 0o600) -> Path:
    file.write_text(content)
    file.chmod(mode)
    return file


def same_key(one: AuthKey, other: AuthKey) -> bool:
    return one.sign_frame(GOLDEN, 1) == other.sign_frame(GOLDEN, 1)


def test_without_a_file_there_is_no_key() -> None:
    assert load_key('') is None


@pytest.mark.parametrize('mode', [0o600, 0o400])
def test_a_file_of_the_owner_alone_holds_the_key(tmp_path: Path, mode: int) -> None:
    assert same_key(load_key(str(write_key(tmp_path / 'key', mode=mode))),
                    AuthKey.from_text(TEXT))


def test_the_file_may_lie_in_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('HOME', str(tmp_path))
    write_key(tmp_path / 'key')
    assert same_key(load_key('~/key'), AuthKey.from_text(TEXT))


def test_the_command_of_the_document_makes_such_a_file(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which('openssl') is None:
        pytest.skip('openssl is not here')
    monkeypatch.setenv('HOME', str(tmp_path))
    lines = (checkout / 'docs' / 'security.md').read_text(encoding='utf-8').splitlines()
    command = next(line for line in lines if 'openssl' in line)
    subprocess.run(['sh', '-c', command], check=True)
    assert load_key('~/slim_split.key') is not None


def make_fifo(file: Path) -> Path:
    os.mkfifo(file, 0o600)
    return file


MAKING = ('copy it from where the other nodes have it, or, where none has one yet, make a key '
          "with `(umask 077; openssl rand -hex 32 > '")


@pytest.mark.parametrize(('make', 'words', 'remedy'), [
    (lambda file: file, 'cannot be read (No such file or directory)', MAKING),
    (lambda file: file / 'key', 'cannot be read (No such file or directory)', MAKING),
    (lambda file: write_key(file, ''), 'is empty', MAKING),
    (lambda file: write_key(file, '\n \n'), 'is empty', MAKING),
    (lambda file: write_key(file, 'ab' * 15), 'the key has 15 bytes, must have at least', MAKING),
    (lambda file: write_key(file, 'our secret words, our secret words'), 'hexadecimal', MAKING),
    (lambda file: write_key(file, '\x00\x7f' * 20), 'hexadecimal digits', MAKING),
    (lambda file: write_key(file, 'ü' * 40), 'hexadecimal digits', MAKING),
    (lambda file: write_key(file, mode=0o640), 'has mode 0640', 'chmod 600'),
    (lambda file: write_key(file, mode=0o604), 'has mode 0604', 'chmod 600'),
    (lambda file: write_key(file, mode=0o620), 'has mode 0620', 'chmod 600'),
    (lambda file: file.parent, 'is no file', 'name one that holds a key'),
    (make_fifo, 'is no file', 'name one that holds a key'),
], ids=['missing', 'in no folder', 'empty', 'blank', 'short', 'words', 'bytes', 'letters', 'group',
        'others', 'written', 'folder', 'fifo'])
def test_any_other_file_is_refused_in_one_line_with_the_remedy(
    tmp_path: Path, make: Callable[[Path], Path], words: str, remedy: str
) -> None:
    file = make(tmp_path / 'key of ours')
    with pytest.raises(StartError) as refusal:
        load_key(str(file))
    sentence = str(refusal.value)
    assert sentence.startswith(f'auth_key_file {file}')
    assert words in sentence
    assert remedy in sentence
    assert '\n' not in sentence
    assert TEXT[:8] not in sentence
