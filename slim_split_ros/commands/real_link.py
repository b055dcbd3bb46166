"""`link --real`: the nodes over a shaped link, beside the emulation on the same terms."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slim_split_ros.linklab import Trace
    from slim_split_ros.linklab.real_run import RealNode, RealRun

OUTPUT = Path('out') / 'link'


def run_real(args: argparse.Namespace) -> int:
    """Run each trace over the real link and print its figures beside the emulation's."""
    from importlib.util import find_spec

    from slim_split_ros.commands.link import read_traces
    from slim_split_ros.linklab.namespaces import check_machine
    from slim_split_ros.linklab.real_run import run_real_link

    check_machine()
    missing = [name for name in ('rclpy', 'slim_split_ros.msg') if find_spec(name) is None]
    if missing:
        print(f'link: {missing[0]} is not installed here: use the environment of `make setup`, '
              'or build the package with colcon and source it', file=sys.stderr)
        return 1
    from slim_split_ros.demo.interruption import Interruption

    figures = []
    with Interruption() as interruption:
        for trace in read_traces(args.trace):
            folder = (OUTPUT / trace.name).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            print(f'{trace.name}: {trace.duration_s:.0f} s over the real link', flush=True)
            real = run_real_link(trace, _nodes(args), folder, _environment(folder),
                                 not args.no_loss, lambda: interruption.came)
            figures.append(_compare(args, trace, real))
    if args.json is not None:
        import json

        args.json.write_text(json.dumps(figures), encoding='utf-8')
    return 0


def _nodes(args: argparse.Namespace) -> list[RealNode]:
    from slim_split_ros.linklab.real_run import RealNode

    room = 'slim_split_ros.ros'
    model = {'model': f'"{args.model.resolve()}"'} if args.model else {}
    onboard = {**model, 'deadline_ms': str(round(args.deadline_ms)),
               'target_fps': f'{args.fps:.3f}', 'width': f'{args.width:.3f}',
               'max_bitrate_kbps': str(round(args.max_bitrate_kbps))}
    if args.policy != 'fixed':
        onboard['policy'] = args.policy
    # Small pictures: the link is measured, and rendering shares the processor with the nodes.
    camera = {'fps': f'{args.fps:.3f}', 'width': '320', 'height': '240'}
    return [RealNode('sim_camera', f'{room}.cameras.sim_camera_node', False, camera),
            RealNode('onboard', f'{room}.onboard_node', False, onboard),
            RealNode('offboard', f'{room}.offboard_node', True, model)]


def _environment(folder: Path) -> dict[str, str]:
    """Give variables with which the two sides find each other across the namespaces."""
    from slim_split_ros.demo.environment import demo_environment

    environment = demo_environment(os.environ, folder)
    return environment | {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET'}


def _compare(args: argparse.Namespace, trace: Trace, real: RealRun) -> dict:
    """Print the real figures beside those of the emulation on the same terms."""
    deadline_s = args.deadline_ms / 1000.0
    on_time = [frame for frame in real.frames if frame.back_s is not None
               and frame.back_s <= frame.captured_s + deadline_s]
    back_ms = sorted((frame.back_s - frame.captured_s) * 1000.0 for frame in real.frames
                     if frame.back_s is not None)
    p95_ms = back_ms[int(0.95 * (len(back_ms) - 1))] if back_ms else None
    fps = real.offered / trace.duration_s
    emulated = _emulated_share(args, trace, fps, real.unloaded_s)
    share = len(on_time) / max(1, real.offered)
    print(f'  real: {real.offered} frames offered ({fps:.1f}/s), {len(real.frames)} sent, '
          f'{share:.3f} on time, p95 {"none" if p95_ms is None else f"{p95_ms:.0f} ms"}; '
          f'unloaded {real.unloaded_s * 1000.0:.0f} ms; emulated with the same: {emulated:.3f} '
          f'on time; difference {100.0 * (share - emulated):+.1f} points')
    return {'trace': trace.name, 'offered': real.offered, 'sent': len(real.frames),
            'on_time_share': share, 'emulated_on_time_share': emulated, 'p95_ms': p95_ms,
            'unloaded_ms': real.unloaded_s * 1000.0,
            'frames': [[frame.captured_s, frame.width, frame.bytes, frame.back_s]
                       for frame in real.frames]}


def _emulated_share(args: argparse.Namespace, trace: Trace, fps: float,
                    unloaded_s: float) -> float:
    """
    Emulate the trace with the camera's real pace and what processor and middleware take.

    Without delays, which the real link does not have.
    """
    from slim_split_ros.commands.link import emulate_trace, read_points
    from slim_split_ros.linklab import parse_trace
    from slim_split_ros.linklab.trace import HEADER

    rows = [f'{row.t_s},{row.rate_kbps},0,{row.loss}' for row in trace.rows]
    bare = parse_trace('\n'.join([HEADER, *rows]), trace.name)
    points, frames_path = read_points(args)
    least_s = min(point.encode_ms for point in points) / 1000.0
    same = argparse.Namespace(**{**vars(args), 'fps': max(fps, 0.1),
                                 'server_ms': max(0.0, unloaded_s - least_s) * 1000.0})
    result, _ = emulate_trace(same, points, frames_path, bare)
    return result.on_time_frames / result.offered
