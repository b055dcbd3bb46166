"""Do the executables of `ros2 run` pass on how their node ended?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.processes import Process

LIMIT_S = 30.0


@pytest.mark.ros
@pytest.mark.parametrize(('script', 'setting'), [
    ('onboard', 'target_fps:=-1.0'),
    ('offboard', 'score_threshold:=7.0'),
    ('sim_camera', 'fps:=0.0'),
    ('bag_camera', 'speed:=0.0'),
    ('file_camera', 'fps:=-1.0'),
    ('overlay', 'images:=0'),
])
def test_refused_parameter_ends_the_executable_with_status_1(
    script: str, setting: str, checkout: Path, ros_process: Callable[..., Process]
) -> None:
    process = ros_process(str(checkout / 'scripts' / script), '--ros-args', '-p', setting)

    assert process.wait(LIMIT_S) == 1
    assert setting.split(':')[0] in process.output
