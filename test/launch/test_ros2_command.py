"""Do `ros2 launch` and `ros2 param` reach the nodes, where the `ros2` command exists?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import shutil
import signal
import subprocess
import sys

import pytest

from support.bundles import write_tiny_bundle
from support.processes import Process

ROS2 = shutil.which('ros2')
START_S, END_S, COMMAND_S = 60.0, 30.0, 30.0

pytestmark = [
    pytest.mark.ros,
    pytest.mark.skipif(ROS2 is None, reason='no ros2 command: it is not on PyPI'),
]


@pytest.fixture(autouse=True)
def built_package() -> None:
    if 'slim_split_ros' not in _ros2('pkg', 'list').split():
        pytest.skip('slim_split_ros is in no sourced workspace: colcon build, then source it')


def test_launched_demo_takes_parameters_and_ends_on_interrupt(
    tmp_path: Path, ros_process: Callable[..., Process]
) -> None:
    model = write_tiny_bundle(tmp_path / 'model')
    launch = ros_process(
        str(ROS2), 'launch', 'slim_split_ros', 'demo.launch.py', f'model:={model}', 'width:=1',
        'namespace:=robot1')
    for node in ('onboard', 'offboard'):
        launch.wait_for_output(f'[robot1.{node}]: model', START_S)

    pinned = _ros2('param', 'get', '--no-daemon', '/robot1/onboard', 'width')
    changed = _ros2('param', 'set', '--no-daemon', '/robot1/onboard', 'width', '0.5')
    launch.signal(signal.SIGINT)

    assert '1.0' in pinned
    assert 'successful' in changed
    assert launch.wait(END_S) == 0
    assert launch.output.count('process has finished cleanly') == 3


def _ros2(*arguments: str) -> str:
    answer = subprocess.run(
        [sys.executable, str(ROS2), *arguments], capture_output=True, text=True, check=True,
        timeout=COMMAND_S)
    return answer.stdout
