"""Is a package that is not installed one line and not a traceback?"""

from __future__ import annotations

import doctest
from pathlib import Path
import subprocess
import sys

import pytest

from slim_split_ros.commands import missing_packages

# As if these packages were not installed.
WITHOUT = """
import sys
for name in {names!r}:
    sys.modules[name] = None
from slim_split_ros.__main__ import main
sys.exit(main({arguments!r}))
"""


def test_example_in_docstring_gives_what_it_says() -> None:
    result = doctest.testmod(missing_packages)

    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(('command', 'missing', 'way_out'), [
    (['train', '--data', 'd', '--output', 'o'], 'torch', "pip install '.[train]'"),
    (['evaluate', '--data', 'd'], 'cv2', "pip install '.[run]'"),
    (['demo'], 'rclpy', 'make'),
    (['demo', '--rerun', 'a.rrd'], 'rerun', 'pip install rerun-sdk'),
    (['replay', '.', '--rerun', 'a.rrd'], 'rerun', 'pip install rerun-sdk'),
    (['export', '--checkpoint', 'c', '--output', 'o'], 'torch', "pip install '.[train]'"),
])
def test_missing_package_is_one_line_with_the_way_out(
    command: list[str], missing: str, way_out: str, checkout: Path, tmp_path: Path
) -> None:
    program = WITHOUT.format(names=[missing], arguments=command)

    answer = subprocess.run(
        [sys.executable, '-c', program], cwd=tmp_path, capture_output=True, text=True, timeout=60)

    assert answer.returncode == 1
    line, = answer.stderr.splitlines()
    assert line.startswith(command[0]) and missing in line and way_out in line


@pytest.mark.parametrize('name', [
    'rclpy', 'diagnostic_msgs', 'sensor_msgs', 'vision_msgs', 'std_msgs', 'std_srvs',
    'lifecycle_msgs', 'rosgraph_msgs', 'rcl_interfaces', 'builtin_interfaces',
    'slim_split_ros.msg'])
def test_what_only_ros_brings_is_not_sought_at_pip(name: str) -> None:
    said = missing_packages.explain_missing(ModuleNotFoundError(name=name))

    assert said.startswith(f'{name} is not installed here: `make setup`')
    assert 'pip' not in said and 'colcon' in said


def test_watch_without_ros_says_how_to_get_it(checkout: Path, tmp_path: Path) -> None:
    program = WITHOUT.format(names=['diagnostic_msgs'], arguments=['watch'])

    answer = subprocess.run(
        [sys.executable, '-c', program], cwd=tmp_path, capture_output=True, text=True, timeout=60)

    assert answer.returncode == 1
    line, = answer.stderr.splitlines()
    assert line.startswith('watch: diagnostic_msgs') and 'not installed here: `make setup`' in line


def test_link_needs_only_what_pip_installs_without_extras(checkout: Path, tmp_path: Path) -> None:
    trace = tmp_path / 'trace.csv'
    trace.write_text('t_s,rate_kbps,delay_ms,loss\n0,400,20,0\n2,400,20,0\n')
    extras = ['cv2', 'onnxruntime', 'rosbags', 'tqdm', 'matplotlib', 'rclpy']
    program = WITHOUT.format(names=extras, arguments=['link', '--trace', str(trace)])

    answer = subprocess.run(
        [sys.executable, '-c', program], cwd=checkout, capture_output=True, text=True, timeout=60)

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith('trace ')
