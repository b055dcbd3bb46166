"""Tests of the server's node with a Ray cluster in the place of its own server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import pytest

from support.feature_robot import FeatureRobot
from support.fleet_cluster import DeployedCluster
from support.processes import Process
from support.ros_peer import Peer
from support.split_system import RELIABLE, start_node

pytestmark = [pytest.mark.ros, pytest.mark.once]

NOWHERE = '127.0.0.1:9'
PERIOD_S = 0.1
END_S = 20.0
# A node looks for its cluster every 30 s at least.
BACK_S = 90.0


@pytest.fixture
def diagnostics(peer: Peer) -> list[DiagnosticArray]:
    return peer.listen(DiagnosticArray, '/diagnostics', RELIABLE)


def said_of_the_cluster(diagnostics: list[DiagnosticArray]) -> DiagnosticStatus | None:
    found = [status for array in diagnostics for status in array.status
             if status.name.endswith('offboard: cluster')]
    return found[-1] if found else None


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Process]]:
    processes: list[Process] = []
    yield processes
    for process in processes:
        process.end()


def test_without_a_cluster_the_node_serves_alone_and_says_so(
    peer: Peer, tiny_bundle: Path, diagnostics: list[DiagnosticArray], started: list[Process],
    tmp_path: Path,
) -> None:
    robot = FeatureRobot(peer, tiny_bundle)
    started.append(start_node('offboard', tmp_path / 'offboard.log', {
        'model': tiny_bundle, 'device': 'cpu', 'backend': 'ray', 'ray_address': NOWHERE}))

    peer.repeat(robot.show, lambda: robot.served() > 5, 'detections', PERIOD_S)
    peer.repeat(robot.show, lambda: (status := said_of_the_cluster(diagnostics)) is not None
                and 'no Ray cluster' in status.message, 'the diagnostics', PERIOD_S)

    status = said_of_the_cluster(diagnostics)
    assert status.level == DiagnosticStatus.WARN and 'ray start --head' in status.message
    assert status.message in started[-1].output


def test_without_a_cluster_and_fallback_robots_are_told_that_nobody_serves(
    peer: Peer, tiny_bundle: Path, diagnostics: list[DiagnosticArray], started: list[Process],
    tmp_path: Path,
) -> None:
    robot = FeatureRobot(peer, tiny_bundle)
    started.append(start_node('offboard', tmp_path / 'offboard.log', {
        'model': tiny_bundle, 'device': 'cpu', 'backend': 'ray', 'ray_address': NOWHERE,
        'fallback': False}))

    peer.repeat(robot.show, lambda: (status := said_of_the_cluster(diagnostics)) is not None
                and 'no Ray cluster' in status.message, 'the diagnostics', PERIOD_S)
    peer.repeat(robot.show, lambda: bool(robot.reports), 'reports all the same', PERIOD_S)

    assert said_of_the_cluster(diagnostics).level == DiagnosticStatus.ERROR
    assert robot.served() == 0


def test_a_cluster_beyond_this_machine_is_refused_without_a_token(
    tiny_bundle: Path, started: list[Process], tmp_path: Path
) -> None:
    node = start_node('offboard', tmp_path / 'offboard.log', {
        'model': tiny_bundle, 'backend': 'ray', 'ray_address': '10.1.2.3:6379'})
    started.append(node)

    assert node.wait(END_S) == 1
    assert 'RAY_AUTH_MODE=token' in node.output


def test_robots_are_served_by_the_cluster_and_by_the_node_while_its_head_is_gone(
    peer: Peer, fleet: DeployedCluster, diagnostics: list[DiagnosticArray],
    started: list[Process], tmp_path: Path,
) -> None:
    robot = FeatureRobot(peer, fleet.folder)
    started.append(start_node('offboard', tmp_path / 'offboard.log', {
        'model': fleet.folder, 'device': 'cpu', 'backend': 'ray',
        'ray_address': fleet.cluster.address}, environment=fleet.cluster.environment))

    def is_served_by(whom: str) -> bool:
        status = said_of_the_cluster(diagnostics)
        return status is not None and whom in {value.value for value in status.values}

    peer.repeat(robot.show, lambda: is_served_by('cluster'), 'the cluster', PERIOD_S, BACK_S)
    served = robot.served()
    peer.repeat(robot.show, lambda: robot.served() >= served + 10, 'detections', PERIOD_S)
    assert any(taken_ms > 0 for report in robot.reports for taken_ms in report.server_ms)

    fleet.cluster.kill_head()
    try:
        peer.repeat(robot.show, lambda: is_served_by('local'), 'the fallback', PERIOD_S, BACK_S)
        served = robot.served()
        peer.repeat(robot.show, lambda: robot.served() >= served + 10, 'detections', PERIOD_S)
    finally:  # others share the cluster
        fleet.cluster.start_head()
        fleet.cluster.deploy(fleet.folder, replicas=2)
    peer.repeat(robot.show, lambda: is_served_by('cluster'), 'the cluster again', PERIOD_S, BACK_S)
    served = robot.served()
    peer.repeat(robot.show, lambda: robot.served() >= served + 10, 'detections', PERIOD_S)
