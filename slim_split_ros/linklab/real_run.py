"""
What the nodes achieve over a real, shaped link: started, observed and ended.

It starts the nodes as processes in the two namespaces and reads the observer's rows; ROS runs
in those processes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import json
from pathlib import Path
import signal
import subprocess
import sys
import time

from slim_split_ros.linklab.errors import NamespaceError
from slim_split_ros.linklab.namespaces import Namespaces
from slim_split_ros.linklab.shaper import Shaper
from slim_split_ros.linklab.trace import Trace

START_LIMIT_S = 60.0
LAST_ANSWERS_S = 1.0
WATCH_S = 0.2
# Over the open link before the trace begins.
OPEN_S = 6.0
PATIENCE_S = {signal.SIGINT: 5.0, signal.SIGTERM: 2.0, signal.SIGKILL: 2.0}


@dataclass(frozen=True, slots=True)
class RealNode:
    """Name one node, the side it runs on and its parameters."""

    name: str
    module: str
    is_server: bool
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RealFrame:
    """Hold one frame that was sent over the real link; seconds of the trace."""

    captured_s: float
    sent_s: float
    width: float
    rate: int
    bytes: int
    encode_ms: float
    back_s: float | None


@dataclass(frozen=True, slots=True)
class RealRun:
    """
    Hold what came of a real run.

    `offered` counts the camera's frames of that time; `unloaded_s` is the median from capture
    to detections over the open link just before, which is what processor and middleware take.
    """

    offered: int
    frames: tuple[RealFrame, ...]
    unloaded_s: float


def run_real_link(trace: Trace, nodes: Sequence[RealNode], folder: Path,
                  environment: Mapping[str, str], with_loss: bool,
                  is_interrupted: Callable[[], bool]) -> RealRun:
    """
    Run the nodes while the link follows the trace, and give the frames of that time.

    Nodes and namespaces are gone when it returns. Raises NamespaceError where a node ends or
    `is_interrupted` says so before it was done.
    """
    rows_file = folder / 'frames.json'
    observer = RealNode('observer', 'slim_split_ros.demo.link_observer_node', False, {
        'output': json.dumps(str(rows_file)),
        'seconds': f'{START_LIMIT_S + OPEN_S + trace.duration_s + 2.0:.1f}'})
    rows_file.unlink(missing_ok=True)
    rows_file.with_suffix('.ready').unlink(missing_ok=True)
    with Namespaces() as namespaces:
        shaper = Shaper(namespaces, trace, with_loss)
        shaper.open()
        children: list[tuple[str, subprocess.Popen]] = []

        def check() -> None:
            if is_interrupted():
                raise NamespaceError('interrupted before it was done')
            _check(children)

        try:
            for node in (*nodes, observer):
                children.append((node.name, _start(node, namespaces, folder, environment)))
            _wait_ready(check, rows_file.with_suffix('.ready'), folder)
            _pause(check, OPEN_S)
            shaper.start()
            began_s = time.time()
            _watch(check, shaper, trace.duration_s)
            _pause(check, LAST_ANSWERS_S)
        finally:
            shaper.stop()
            _end([child for _, child in children])
    return _read_run(rows_file, began_s, trace.duration_s)


def _start(node: RealNode, namespaces: Namespaces, folder: Path,
           environment: Mapping[str, str]) -> subprocess.Popen:
    given = [word for name, value in node.parameters.items()
             for word in ('-p', f'{name}:={value}')]
    namespace = namespaces.server if node.is_server else namespaces.robot
    command = namespaces.command(namespace, sys.executable, '-m', node.module, '--ros-args',
                                 *given)
    with (folder / f'{node.name}.log').open('wb') as output:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                stderr=subprocess.STDOUT,
                                env=_environment(environment, node.is_server),
                                start_new_session=True)


def _environment(common: Mapping[str, str], is_server: bool) -> dict[str, str]:
    """
    Give a side's variables: the server's middleware has UDP alone.

    Namespaces divide the network but not /dev/shm, over which Fast DDS would go round the link.
    """
    if not is_server:
        return dict(common)
    kept = {name: value for name, value in common.items()
            if not name.endswith('_DEFAULT_PROFILES_FILE')}
    return kept | {'FASTDDS_BUILTIN_TRANSPORTS': 'UDPv4'}


def _wait_ready(check: Callable[[], None], ready: Path, folder: Path) -> None:
    limit_s = time.monotonic() + START_LIMIT_S
    while not ready.exists():
        check()
        if time.monotonic() > limit_s:
            raise NamespaceError(f'no detections came back within {START_LIMIT_S:.0f} s over '
                                 f'the open link; see the logs in {folder}')
        time.sleep(WATCH_S)


def _pause(check: Callable[[], None], seconds: float) -> None:
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        check()
        time.sleep(WATCH_S)


def _watch(check: Callable[[], None], shaper: Shaper, duration_s: float) -> None:
    while (left_s := shaper.started_s + duration_s - time.monotonic()) > 0.0:
        check()
        if shaper.error is not None:
            raise shaper.error
        time.sleep(min(WATCH_S, left_s))


def _check(children: list) -> None:
    for name, child in children:
        if child.poll() is not None:
            raise NamespaceError(f'{name} ended with status {child.returncode}; see its log')


def _end(children: list[subprocess.Popen]) -> None:
    """End every process with ever stronger signals."""
    for number, patience_s in PATIENCE_S.items():
        for child in children:
            if child.poll() is None:
                child.send_signal(number)
        limit_s = time.monotonic() + patience_s
        for child in children:
            try:
                child.wait(max(0.0, limit_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                continue


def _read_run(file: Path, began_s: float, duration_s: float) -> RealRun:
    try:
        document = json.loads(file.read_text('utf-8'))
        frames = [_read_frame(row, began_s) for row in document['frames']]
        offered = [stamp_s - began_s for stamp_s in document['offered']]
    except (OSError, ValueError, KeyError) as error:
        raise NamespaceError(f'the observer left no rows in {file} ({error})') from error
    before = sorted(frame.back_s - frame.captured_s for frame in frames
                    if -OPEN_S < frame.captured_s < -0.5 and frame.back_s is not None)
    return RealRun(
        offered=sum(0.0 <= time_s < duration_s for time_s in offered),
        frames=tuple(frame for frame in frames if 0.0 <= frame.captured_s < duration_s),
        unloaded_s=before[len(before) // 2] if before else 0.0)


def _read_frame(row: dict, began_s: float) -> RealFrame:
    return RealFrame(
        captured_s=row['stamp_s'] - began_s, sent_s=row['sent_s'] - began_s,
        width=row['width'], rate=int(row['rate']), bytes=int(row['bytes']),
        encode_ms=row['encode_ms'],
        back_s=None if row['back_s'] is None else row['back_s'] - began_s)
