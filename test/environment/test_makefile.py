"""Does `make` pass on what users write, whatever stands in it?"""

from __future__ import annotations

import json
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(shutil.which('make') is None, reason='make is not installed')

SHOW = 'import json, os, sys; print(json.dumps([sys.argv[1:], os.environ.get("PYTEST_ADDOPTS")]))'


@pytest.fixture
def make(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Give a function that returns the arguments and the PYTEST_ADDOPTS of the last command."""
    show = tmp_path / 'show.py'
    show.write_text(SHOW)
    monkeypatch.delenv('PYTEST_ADDOPTS', raising=False)  # of this run of the tests

    def run(*words: str) -> tuple[list[str], str | None]:
        done = subprocess.run(
            ['make', '--no-print-directory', f'RUN={sys.executable} {show}', 'SETUP=true',
             *words], cwd=checkout, capture_output=True, text=True, check=True, timeout=60)
        return tuple(json.loads(done.stdout.splitlines()[-1]))

    return run


@pytest.mark.parametrize('value', [
    "robot's pictures", 'two  blanks', '$HOME', '$(SHELL)', '$(open', 'a#b', '-dash', '"quoted"',
    '`id`', 'back\\slash', 'a;b&c|d', '*', 'ends in $', 'a:=b=c'])
@pytest.mark.parametrize('name', ['SOURCE', 'TOPIC', 'LINK', 'CODEC'])
def test_value_reaches_the_demo_as_it_was_written(make, name: str, value: str) -> None:
    arguments, _ = make('demo', f'{name}={value}')

    assert arguments == ['-m', 'slim_split_ros', 'demo', f'--{name.lower()}={value}']


def test_demo_without_values_gets_none(make) -> None:
    assert make('demo')[0] == ['-m', 'slim_split_ros', 'demo']


@pytest.mark.parametrize('target', ['test', 'test-ros'])
def test_arguments_of_the_tests_are_left_to_pytest(make, target: str) -> None:
    written = """-k "one or it's" $HOME"""

    arguments, options = make(target, f'ARGS={written}')

    assert arguments[:2] == ['-m', 'pytest'] and written not in arguments
    assert options.strip() == written
