"""Does a node end quietly by a signal at any moment, and by a package that is missing?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import random
import signal
import time

import pytest

from support.processes import Process, heeds_sigterm, wait_until

pytestmark = pytest.mark.ros

LIMIT_S = 30.0
NODES = 'slim_split_ros.ros.'
STARTS = (
    ['-m', NODES + 'onboard_node'],
    ['-m', NODES + 'offboard_node'],
    ['-m', NODES + 'cameras.sim_camera_node'],
    ['-m', NODES + 'cameras.file_camera_node', '--ros-args', '-p', 'source:={pictures}'],
    ['-m', NODES + 'cameras.bag_camera_node', '--ros-args', '-p', 'bag:={pictures}/bag'],
    ['-m', 'slim_split_ros.demo.emulated_link_node', '--ros-args', '-p', 'trace:={trace}'],
    ['scripts/onboard'],
    ['scripts/sim_camera'],
)
# Imports take half a second or more, the rest of the start as long again.
LATEST_S = 1.5


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """Give a folder with a picture and a bag, and a trace."""
    import cv2
    import numpy as np

    from slim_split_ros.bags import BagImageWriter, CompressedBagImage

    cv2.imwrite(str(tmp_path / 'picture.png'), np.zeros((48, 64, 3), np.uint8))
    with BagImageWriter(tmp_path / 'bag') as writer:
        for stamp_ns in range(0, 10**10, 10**9):
            writer.write('/image', CompressedBagImage(
                stamp_ns, stamp_ns, 'camera', 'jpeg', np.zeros(6, np.uint8)))
    trace = tmp_path / 'trace.csv'
    trace.write_text('t_s,rate_kbps,delay_ms,loss\n0,1000,10,0\n')
    return {'pictures': tmp_path, 'trace': trace}


@pytest.mark.parametrize('start', STARTS, ids=[start[-1].split('.')[-1] for start in STARTS])
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_any_moment_ends_a_node_with_status_0(
    start: list[str], number: signal.Signals, places: dict[str, Path],
    ros_process: Callable[..., Process],
) -> None:
    moment_s = random.uniform(0.0, LATEST_S)
    process = ros_process(*(word.format(**places) for word in start))
    wait_until(lambda: heeds_sigterm(process), LIMIT_S, 'start of the interpreter')
    time.sleep(moment_s)

    process.signal(number)

    assert process.wait(LIMIT_S) == 0, f'{moment_s} s after the start: {process.output}'
    assert 'Traceback' not in process.output and 'Exception ignored' not in process.output


@pytest.mark.parametrize(('module', 'package', 'remedy'), [
    ('onboard_node', 'onnxruntime', 'pip install onnxruntime;'),
    ('offboard_node', 'cv2', 'OpenCV and what belongs to ROS come with rosdep and colcon;'),
    ('cameras.sim_camera_node', 'panda3d', 'pip install panda3d;'),
    ('cameras.bag_camera_node', 'rosbags', 'pip install rosbags mcap rosbags-image;'),
])
def test_a_package_that_is_missing_is_one_line_and_status_1(
    module: str, package: str, remedy: str, places: dict[str, Path],
    ros_process: Callable[..., Process],
) -> None:
    program = (f'import runpy, sys; sys.modules[{package!r}] = None; '
               f'runpy.run_module({NODES + module!r}, run_name="__main__", alter_sys=True)')
    process = ros_process('-c', program, '--ros-args', '-p', f'bag:={places["pictures"]}/bag')

    assert process.wait(LIMIT_S) == 1
    # Beside what the node logs, and the middleware of Kilted on the name of a variable.
    said = [line for line in process.output.splitlines() if not line.startswith('[')]
    assert len(said) == 1 and said[0].startswith(package), process.output
    assert 'is not installed for' in said[0] and remedy in said[0]


@pytest.mark.parametrize('module', ['sim_camera_node', 'file_camera_node'])
def test_a_camera_that_reads_no_bag_needs_none_of_their_packages(
    module: str, ros_process: Callable[..., Process]
) -> None:
    program = ('import importlib, sys; sys.modules["rosbags"] = sys.modules["mcap"] = None; '
               f'importlib.import_module({NODES + "cameras." + module!r})')
    process = ros_process('-c', program)
    assert process.wait(LIMIT_S) == 0, process.output
