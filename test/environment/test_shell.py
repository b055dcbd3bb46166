"""Does a failing command of set-up end in one line, and in a clean environment?"""

from __future__ import annotations

import os
from pathlib import Path
import sys

import pytest

from tools.environment.shell import WHEEL_GUARD, SetupError, clean_environment, run


def test_failure_is_one_line_with_the_telling_one_and_the_log(tmp_path: Path) -> None:
    log = tmp_path / 'pip.log'
    program = 'print("ERROR: no such package\\nbye"); raise SystemExit(3)'

    with pytest.raises(SetupError) as caught:
        run([sys.executable, '-c', program], log, os.environ, 'x could not be installed')

    assert str(caught.value) == (
        f'x could not be installed: ERROR: no such package (everything: {log})')


def test_libraries_of_another_environments_wheels_are_dropped(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WHEEL_GUARD, '1')
    monkeypatch.setenv('LD_LIBRARY_PATH', '/other/lib')

    environment = clean_environment(keeps_ros=False)

    assert WHEEL_GUARD not in environment
    assert 'LD_LIBRARY_PATH' not in environment


def test_library_path_of_a_sourced_ros_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WHEEL_GUARD, raising=False)
    monkeypatch.setenv('LD_LIBRARY_PATH', '/ros/lib')
    monkeypatch.setenv('AMENT_PREFIX_PATH', '/ros')

    environment = clean_environment(keeps_ros=True)

    assert environment['LD_LIBRARY_PATH'] == '/ros/lib'
    assert environment['AMENT_PREFIX_PATH'] == '/ros'
