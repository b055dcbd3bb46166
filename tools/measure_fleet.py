"""
Measure what a Ray cluster here adds to serving a frame, and what a killed replica costs.

    python -m tools.measure_fleet --model robocup --seconds 15

The figures of docs/fleet.md. Beside other work on the machine they are those of a busy one, so
the load is printed with them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
import os
from pathlib import Path
import statistics
from threading import Event, Thread
import time

import numpy as np

from slim_split_ros.fleet import read_address
from slim_split_ros.fleet.client import FleetClient
from slim_split_ros.fleet.cluster_state import Expected
from slim_split_ros.fleet.local_cluster import LocalCluster
from slim_split_ros.fleet.messages import Answer, Outcome, Request
from slim_split_ros.offboard import decode_frame, load_server
from slim_split_ros.onboard import FrameEncoder
from slim_split_ros.weights import model_folder
from slim_split_ros.wire import Frame, FrameHeader, Manifest, load_manifest

_FRAMES, _ALONE, _WARM = 8, 40, 5
_WAIT_S, _ANSWER_S, _DEADLINE_S = 60.0, 20.0, 5.0
_MS_PER_S = 1000.0
# As many as the replicas hold: each has one in hand and one beside it.
_ROBOTS_A_REPLICA = 2


@dataclass(frozen=True)
class Asked:
    """Hold when a request began and what came of it, in seconds."""

    began_s: float
    took_s: float
    answer: Answer


def main() -> None:
    """Parse, measure and print."""
    parser = argparse.ArgumentParser(description='Measure serving by a Ray cluster here.')
    parser.add_argument('--model', default='robocup', help='shipped model, or a model folder')
    parser.add_argument('--seconds', type=float, default=15.0, help='of each measurement')
    arguments = parser.parse_args()
    folder = model_folder(arguments.model)
    manifest = load_manifest(folder)
    frames = _encode_frames(manifest)
    print(f'in this process: {_local_ms(manifest, frames):.1f} ms a frame (median; {_load()})')
    with LocalCluster(num_cpus=2) as cluster:
        one_fps = _measure(cluster, folder, frames, 1, arguments.seconds)
        two_fps = _measure(cluster, folder, frames, 2, arguments.seconds)
        print(f'two replicas serve {two_fps / one_fps:.2f} times the frames of one')


def _measure(
    cluster: LocalCluster, folder: Path, frames: list[Frame], replicas: int, seconds: float
) -> float:
    """Print the figures of so many replicas and return their frames a second."""
    name, manifest = cluster.deploy(folder, replicas), load_manifest(folder)
    client = FleetClient(
        read_address(cluster.address), name, Expected(manifest.fingerprint, manifest.classes),
        {**os.environ, **cluster.environment})
    client.start()
    try:
        limit_s = time.monotonic() + _WAIT_S
        while client.state.replicas != replicas and time.monotonic() < limit_s:
            time.sleep(0.1)
        asked = [_ask(client, frames[number % _FRAMES]) for number in range(_ALONE)][_WARM:]
        hops_ms = [_MS_PER_S * (one.took_s - one.answer.service_s) for one in asked]
        print(f'{replicas} replicas: the hop takes {statistics.median(hops_ms):.1f} ms (median), '
              f'{np.percentile(hops_ms, 95):.1f} ms (95 %) ({_load()})')
        served = _served(_keep_busy(client, frames, replicas, seconds))
        print(f'{replicas} replicas: {len(served) / seconds:.1f} frames/s ({_load()})')
        if replicas > 1:
            _kill(cluster, client, frames, replicas, seconds)
        return len(served) / seconds
    finally:
        client.close()


def _kill(
    cluster: LocalCluster, client: FleetClient, frames: list[Frame], replicas: int, seconds: float
) -> None:
    began_s = time.monotonic()
    asked = _keep_busy(client, frames, replicas, 3 * seconds,
                       lambda: cluster.replicas()[0].kill(), seconds)
    killed_s = began_s + seconds
    before = [one for one in _served(asked) if one.began_s < killed_s]
    usual_fps = len(before) / seconds
    lost = [one for one in asked if one.answer.outcome is not Outcome.SERVED]
    ends_s = sorted(one.began_s + one.took_s - killed_s for one in _served(asked))
    back_s = next((second for second in range(int(2 * seconds))
                   if sum(second <= end < second + 2 for end in ends_s) >= 1.8 * usual_fps), None)
    print(f'a killed replica: {len(lost)} of {len(asked)} frames were not served '
          f'({[one.answer.sentence[:60] for one in lost]}); 90 % of the usual rate '
          f'{"not seen again" if back_s is None else f"from {back_s} s on"} ({_load()})')


def _keep_busy(
    client: FleetClient, frames: list[Frame], replicas: int, seconds: float,
    meanwhile: Callable[[], object] | None = None, after_s: float = 0.0,
) -> list[Asked]:
    asked: list[Asked] = []
    end_s = time.monotonic() + seconds

    def be_a_robot(frame: Frame) -> None:
        while time.monotonic() < end_s:
            asked.append(_ask(client, frame))

    robots = [Thread(target=be_a_robot, args=(frames[number % _FRAMES],))
              for number in range(_ROBOTS_A_REPLICA * replicas)]
    for robot in robots:
        robot.start()
    if meanwhile:
        time.sleep(after_s)
        meanwhile()
    for robot in robots:
        robot.join()
    return asked


def _ask(client: FleetClient, frame: Frame) -> Asked:
    came, answers = Event(), []
    began_s = time.monotonic()

    def take(answer: Answer) -> None:
        answers.append(Asked(began_s, time.monotonic() - began_s, answer))
        came.set()

    client.send(Request(frame, (), time.time() + _DEADLINE_S, 0.3, 100, False, False, 0), take)
    came.wait(_ANSWER_S)
    return answers[0]


def _served(asked: list[Asked]) -> list[Asked]:
    return [one for one in asked if one.answer.outcome is Outcome.SERVED]


def _local_ms(manifest: Manifest, frames: list[Frame]) -> float:
    server, took_s = load_server(manifest, 'cpu'), []
    for frame in [*frames, *frames]:
        began_s = time.monotonic()
        server.serve([decode_frame(frame, manifest)], with_pictures=False)
        took_s.append(time.monotonic() - began_s)
    return _MS_PER_S * statistics.median(took_s)


def _encode_frames(manifest: Manifest) -> list[Frame]:
    """Return frames of noise that is smooth, which costs the network what any image does."""
    encoder, random = FrameEncoder(manifest), np.random.default_rng(0)
    frames = []
    for sequence in range(_FRAMES):
        image = random.integers(0, 256, (30, 40, 3), np.uint8).repeat(16, 0).repeat(16, 1)
        encoded = encoder.encode(image, 1.0, 0)
        frames.append(Frame(FrameHeader(
            1, sequence, encoded.geometry, 1.0, 0, manifest.fingerprint, 7, 1.0), encoded.payload))
    return frames


def _load() -> str:
    return f'load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores'


if __name__ == '__main__':
    main()
