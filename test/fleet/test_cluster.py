"""Tests of frames served by a real Ray cluster on this machine, and of what goes wrong there."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import version
from itertools import count
import os
from pathlib import Path

import numpy as np
import psutil
import pytest

from slim_split_ros.fleet.client import FleetClient
from slim_split_ros.fleet.messages import Outcome
from slim_split_ros.offboard import FrameDecoder, ReferenceLostError, load_server
from support.bundles import write_tiny_bundle
from support.fleet_cluster import REPLICAS, DeployedCluster, ask, wait_until
from support.fleet_frames import request_for, square_frames

pytestmark = pytest.mark.timed


@pytest.fixture(scope='module')
def client(fleet: DeployedCluster) -> Iterator[FleetClient]:
    with fleet.client() as client:
        wait_until(lambda: client.state.is_up, 'the connection')
        yield client


def test_results_are_those_of_a_nodes_own_server_bit_for_bit(
    fleet: DeployedCluster, client: FleetClient
) -> None:
    manifest = fleet.manifest
    server, decoder = load_server(manifest, 'cpu'), FrameDecoder(manifest)
    for coder in ('cells', 'video'):
        for frame in square_frames(manifest, 5, coder):
            answer = ask(client, request_for(frame))

            (own,) = server.serve([decoder.decode(frame)], 0.3, 100)
            assert answer.outcome is Outcome.SERVED
            assert len(own.detections)
            for name in ('boxes', 'scores', 'labels'):
                there = getattr(answer.served.detections, name)
                assert there.dtype == getattr(own.detections, name).dtype
                np.testing.assert_array_equal(there, getattr(own.detections, name))
            np.testing.assert_array_equal(answer.served.picture, own.picture)


def test_robots_at_once_have_each_their_own_answer(
    fleet: DeployedCluster, client: FleetClient
) -> None:
    frames = square_frames(fleet.manifest, 12)

    with ThreadPoolExecutor(4) as robots:
        answers = list(robots.map(lambda frame: ask(client, request_for(frame)), frames))

    lefts = [answer.served.detections.boxes[:, 0].min() for answer in answers]
    assert lefts == sorted(lefts) and len(set(lefts)) > 3


def test_the_video_of_a_busy_fleet_stays_with_its_replicas(
    fleet: DeployedCluster, client: FleetClient
) -> None:
    frames = square_frames(fleet.manifest, 12, 'video')

    def send(key: int) -> set[tuple[Outcome, str]]:
        answers = [ask(client, request_for(frame, key=key)) for frame in frames]
        return {(answer.outcome, answer.replica) for answer in answers}

    # Twice as many at once as the replicas hold.
    with ThreadPoolExecutor(8) as robots:
        seen = list(robots.map(send, range(100, 108)))

    assert [len(of_robot) for of_robot in seen] == [1] * 8
    assert {outcome for of_robot in seen for outcome, _ in of_robot} == {Outcome.SERVED}
    assert len({replica for of_robot in seen for _, replica in of_robot}) == REPLICAS


def test_a_cluster_of_this_machine_is_reached_from_it_alone(fleet: DeployedCluster) -> None:
    heard = []
    for process in fleet.cluster.processes():
        with suppress(psutil.Error):
            heard += [connection.laddr.ip for connection in process.net_connections('inet')
                      if connection.status == psutil.CONN_LISTEN]
    # Serve gives each replica a port for handles on other machines, on all interfaces.
    assert len(heard) > REPLICAS
    assert sum('127.0.0.1' not in address for address in heard) <= REPLICAS


def test_while_a_replica_hangs_the_others_go_on_with_its_video(
    fleet: DeployedCluster, client: FleetClient
) -> None:
    frame = square_frames(fleet.manifest, 1, 'video')[0]
    hung = fleet.cluster.replicas()[0]
    served: dict[int, str] = {}

    def is_served(key: int) -> bool:
        answer = ask(client, request_for(frame, key=key))
        served[key] = answer.replica
        return answer.outcome is Outcome.SERVED

    hung.suspend()
    try:
        with ThreadPoolExecutor(4) as robots:
            list(robots.map(
                lambda key: wait_until(lambda: is_served(key), 'service'), range(200, 204)))
        # On a slow machine Serve may have replaced it by now.
        is_hung = hung.is_running() and hung.status() == psutil.STATUS_STOPPED
    finally:
        with suppress(psutil.NoSuchProcess):
            hung.resume()

    assert len(set(served.values())) == 1 or not is_hung


def test_a_replica_that_is_killed_is_replaced_and_video_starts_again(
    fleet: DeployedCluster, client: FleetClient
) -> None:
    frames = square_frames(fleet.manifest, 3, 'video')
    wait_until(lambda: ask(
        client, request_for(frames[0], key=1)).outcome is Outcome.SERVED, 'service')

    killed = fleet.cluster.replicas()
    for replica in killed:
        replica.kill()
    wait_until(lambda: len([replica for replica in fleet.cluster.replicas()
                            if replica not in killed]) == REPLICAS, 'two new replicas')
    wait_until(lambda: client.state.replicas == REPLICAS and ask(
        client, request_for(square_frames(fleet.manifest, 1)[0])
    ).outcome is Outcome.SERVED, 'service')

    # A request may still meet one that was killed.
    wait_until(lambda: isinstance(ask(
        client, request_for(frames[1], key=1)).refusal, ReferenceLostError), 'the loss to be told')
    # Each try is another robot: a decoder that has seen a part would refuse the beginning.
    keys = count(2)
    wait_until(lambda: all(ask(client, request_for(
        frame, key=key)).outcome is Outcome.SERVED for key in [next(keys)] for frame in frames),
        'video again')


def test_a_deployment_that_is_not_there_is_named(fleet: DeployedCluster) -> None:
    with fleet.client(deployment='detect-nothing') as client:
        wait_until(lambda: 'no deployment detect-nothing' in client.state.problem, 'the problem')


def test_without_ray_the_problem_says_what_to_install(
    fleet: DeployedCluster, tmp_path: Path
) -> None:
    (tmp_path / 'ray.py').write_text("raise ModuleNotFoundError('none', name='ray')")
    path = f'{tmp_path}:{os.environ.get("PYTHONPATH", "")}'
    with fleet.client(environment={'PYTHONPATH': path}) as client:
        wait_until(lambda: 'pip install' in client.state.problem, 'the advice')


def test_a_cluster_of_another_ray_is_not_used_and_both_versions_are_named(
    fleet: DeployedCluster, tmp_path: Path
) -> None:
    (tmp_path / 'sitecustomize.py').write_text(
        'import ray._private.utils\n'
        "ray._private.utils.compute_version_info = lambda: ('2.9.3', '3.10.4')\n")
    path = f'{tmp_path}:{os.environ.get("PYTHONPATH", "")}'
    with fleet.client(environment={'PYTHONPATH': path}) as client:
        wait_until(lambda: 'another Ray or Python' in client.state.problem, 'the problem')
        assert all(
            named in client.state.problem for named in (version('ray'), '2.9.3'))


def test_another_model_under_the_same_name_is_noticed_and_the_own_one_too(
    fleet: DeployedCluster, tmp_path: Path
) -> None:
    other = write_tiny_bundle(tmp_path, seed=1)
    with fleet.client() as client:
        wait_until(lambda: client.state.is_up, 'the connection')
        try:
            fleet.cluster.deploy(other, 1, name=fleet.deployment)
            wait_until(lambda: 'serves model' in client.state.problem, 'the other model')
        finally:
            fleet.cluster.deploy(fleet.folder, REPLICAS)
        wait_until(lambda: client.state.is_up, 'the own model again')
