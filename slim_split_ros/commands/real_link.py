"""What `link --real` runs: the nodes, trace after trace, over a shaped link."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slim_split_ros.control import ControlSettings
    from slim_split_ros.demo.real_link import RealNode
    from slim_split_ros.linklab import RealRun, RunSettings, Trace


def run_real(traces: list[Trace], settings: RunSettings, model: Path | None, output: Path
             ) -> Iterator[tuple[Trace, RealRun]]:
    """Run each trace over the real link; raise NamespaceError where the machine cannot."""
    from slim_split_ros.linklab import NamespaceError
    from slim_split_ros.linklab.namespaces import check_machine

    check_machine()
    missing = [name for name in ('rclpy', 'slim_split_ros.msg') if find_spec(name) is None]
    if missing:
        raise NamespaceError(f'{missing[0]} is not installed here: use the environment of `make '
                             f'setup`, or build the package with colcon and source it')
    from slim_split_ros.demo.interruption import Interruption
    from slim_split_ros.demo.real_link import run_real_link

    with Interruption() as interruption:
        for trace in traces:
            folder = (output / trace.name).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            print(f'{trace.name}: {trace.duration_s:.0f} s over the real link', flush=True)
            yield trace, run_real_link(
                trace, _nodes(settings.control, model), folder, _environment(folder),
                settings.with_loss, lambda: interruption.came)


def _nodes(control: ControlSettings, model: Path | None) -> list[RealNode]:
    from slim_split_ros.control import PolicyName
    from slim_split_ros.demo.real_link import RealNode

    room = 'slim_split_ros.ros'
    shared = {'model': f'"{model.resolve()}"'} if model else {}
    onboard = {**shared, 'deadline_ms': str(round(control.deadline_s * 1000.0)),
               'target_fps': f'{control.target_fps:.3f}', 'width': f'{control.pinned_width:.3f}',
               'max_bitrate_kbps': str(round(control.max_bitrate_kbps))}
    if control.policy is not PolicyName.FIXED:
        onboard['policy'] = control.policy.value
    # Small pictures: the link is measured, and rendering shares the processor with the nodes.
    camera = {'fps': f'{control.target_fps:.3f}', 'width': '320', 'height': '240'}
    return [RealNode('sim_camera', f'{room}.cameras.sim_camera_node', False, camera),
            RealNode('onboard', f'{room}.onboard_node', False, onboard),
            RealNode('offboard', f'{room}.offboard_node', True, shared)]


def _environment(folder: Path) -> dict[str, str]:
    """Give variables with which the two sides find each other across the namespaces."""
    from slim_split_ros.demo.environment import demo_environment

    environment = demo_environment(os.environ, folder)
    return environment | {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET'}
