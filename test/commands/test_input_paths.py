"""Are paths read as people write them, where a shell leaves them as they are?"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest

from slim_split_ros.commands.input_paths import input_path, name_of, printable_path
from slim_split_ros.commands.output_paths import output_file, output_folder


def test_a_home_that_the_shell_left_alone_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of `--output=~/hall`, which bash does not expand."""
    monkeypatch.setenv('HOME', str(tmp_path))
    for take in (input_path, printable_path, output_file, output_folder):
        assert take('~/hall') == tmp_path / 'hall'


def test_the_working_directory_has_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'run1').mkdir()
    monkeypatch.chdir(tmp_path / 'run1')
    assert [name_of(path) for path in ('.', Path('.'), '../run1/', './a.mp4')] == [
        'run1', 'run1', 'run1', 'a.mp4']


def test_what_pages_cannot_name_is_refused_before_the_work() -> None:
    name = os.fsdecode(b'a\xff.csv')
    assert input_path(name) == Path(name)
    with pytest.raises(argparse.ArgumentTypeError, match='not written in UTF-8: rename it'):
        printable_path(name)
