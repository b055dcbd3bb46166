"""
The nodes over a real, shaped link between two network namespaces: started, observed, ended.

ROS runs in the nodes' processes alone, one of which observes and leaves its rows in a file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import json
import os
from pathlib import Path
import time

from slim_split_ros.control import ControlSettings, PolicyName
from slim_split_ros.demo.environment import demo_environment
from slim_split_ros.demo.errors import DemoError
from slim_split_ros.demo.interruption import Interruption
from slim_split_ros.demo.processes import ChildProcess, NodePlan, end_all
from slim_split_ros.linklab import (
    Namespaces,
    RealFrame,
    RealRun,
    RunSettings,
    Shaper,
    Trace,
)

START_LIMIT_S = 60.0
LAST_ANSWERS_S = 1.0
WATCH_S = 0.2
# Over the open link before the trace begins.
OPEN_S = 6.0
SERVER = 'offboard'
_S_PER_NS = 1e-9


def run_real_link(trace: Trace, settings: RunSettings, model: Path, folder: Path,
                  interruption: Interruption) -> RealRun:
    """
    Run camera, both nodes and an observer while the link follows the trace.

    Logs go to `folder`. Nodes and namespaces are gone when it returns. Raises NamespaceError
    where the machine cannot, DemoError where a node ends or `interruption` came before the end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows_file = folder / 'frames.json'
    ready_file = rows_file.with_suffix('.ready')
    for file in (rows_file, ready_file):
        file.unlink(missing_ok=True)
    nodes = [*_plan_nodes(settings.control, model), NodePlan(
        'observer', 'slim_split_ros.demo.link_observer_node', {'output': str(rows_file)})]
    environment = _environment(folder)
    children: list[ChildProcess] = []

    def check() -> None:
        interruption.check()
        for child in children:
            child.check()

    with Namespaces() as namespaces:
        shaper = Shaper(namespaces, trace, settings.with_loss)
        shaper.open()
        try:
            for node in nodes:
                children.append(_start(node, namespaces, folder, environment))
            _wait_ready(check, ready_file, folder)
            _pause(check, OPEN_S)
            shaper.start()
            began_s = time.time()
            _pause(lambda: (check(), shaper.check()), trace.duration_s)
            _pause(check, LAST_ANSWERS_S)
        finally:
            shaper.stop()
            end_all(children)
    return _read_run(rows_file, began_s, trace.duration_s)


def _plan_nodes(control: ControlSettings, model: Path) -> list[NodePlan]:
    room = 'slim_split_ros.ros'
    shared = {'model': str(model.resolve())}
    onboard = {**shared, 'deadline_ms': round(control.deadline_s * 1000.0),
               'target_fps': control.target_fps, 'width': control.pinned_width,
               'max_bitrate_kbps': round(control.max_bitrate_kbps)}
    if control.alone:
        onboard['alone'] = True
    if control.policy is not PolicyName.FIXED:
        onboard['policy'] = control.policy.value
    # Small pictures: the link is measured, and rendering shares the processor with the nodes.
    camera = {'fps': control.target_fps, 'width': 320, 'height': 240}
    return [NodePlan('sim_camera', f'{room}.cameras.sim_camera_node', camera),
            NodePlan('onboard', f'{room}.onboard_node', onboard),
            NodePlan(SERVER, f'{room}.offboard_node', shared)]


def _environment(folder: Path) -> dict[str, str]:
    """Give variables with which the two sides find each other across the namespaces."""
    environment = demo_environment(os.environ, folder)
    return environment | {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET'}


def _start(node: NodePlan, namespaces: Namespaces, folder: Path,
           environment: Mapping[str, str]) -> ChildProcess:
    is_server = node.name == SERVER
    namespace = namespaces.server if is_server else namespaces.robot
    return ChildProcess(
        node.name, namespaces.command(namespace, *node.command()), folder / f'{node.name}.log',
        _without_shared_memory(environment) if is_server else environment)


def _without_shared_memory(environment: Mapping[str, str]) -> dict[str, str]:
    """
    Give the server's variables: its middleware has UDP alone.

    Namespaces divide the network but not /dev/shm, over which Fast DDS would go round the link.
    """
    kept = {name: value for name, value in environment.items()
            if not name.endswith('_DEFAULT_PROFILES_FILE')}
    return kept | {'FASTDDS_BUILTIN_TRANSPORTS': 'UDPv4'}


def _wait_ready(check: Callable[[], None], ready_file: Path, folder: Path) -> None:
    limit_s = time.monotonic() + START_LIMIT_S
    while not ready_file.exists():
        check()
        if time.monotonic() > limit_s:
            raise DemoError(f'no detections came back within {START_LIMIT_S:.0f} s over the '
                            f'open link; see the logs in {folder}')
        time.sleep(WATCH_S)


def _pause(check: Callable[[], object], seconds: float) -> None:
    until_s = time.monotonic() + seconds
    while (left_s := until_s - time.monotonic()) > 0.0:
        check()
        time.sleep(min(WATCH_S, left_s))


def _read_run(file: Path, began_s: float, duration_s: float) -> RealRun:
    try:
        rows = json.loads(file.read_text('utf-8'))
    except (OSError, ValueError) as error:
        raise DemoError(f'the observer left no rows in {file} ({error}); see the logs beside '
                        f'it') from error
    frames = [_read_frame(row, began_s) for row in rows if row['width'] is not None]
    offered_s = [row['stamp_ns'] * _S_PER_NS - began_s for row in rows]
    before = sorted(frame.back_s - frame.captured_s for frame in frames
                    if -OPEN_S < frame.captured_s < -0.5 and frame.back_s is not None)
    return RealRun(
        offered=sum(0.0 <= time_s < duration_s for time_s in offered_s),
        frames=tuple(frame for frame in frames if 0.0 <= frame.captured_s < duration_s),
        unloaded_s=before[len(before) // 2] if before else 0.0)


def _read_frame(row: dict, began_s: float) -> RealFrame:
    answered_ns = row['answered_ns']
    return RealFrame(
        captured_s=row['stamp_ns'] * _S_PER_NS - began_s, width=row['width'],
        message_bytes=row['message_bytes'],
        back_s=None if answered_ns is None else answered_ns * _S_PER_NS - began_s)
