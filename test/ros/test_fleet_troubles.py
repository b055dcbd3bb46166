"""Tests of a server's node whose cluster lies, breaks or does not fit; no Ray is needed."""

from __future__ import annotations

from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import pytest

from support.feature_robot import FeatureRobot
from support.processes import Process
from support.ros_peer import Peer
from support.split_system import CHECKOUT, RELIABLE, ros_arguments

pytestmark = [pytest.mark.ros, pytest.mark.once]

# A bridge without a cluster: at each start it takes the next trouble of `troubles`, then it
# serves. Ray's words of another version are those of Ray 2.60.
BRIDGE = """
import json
from multiprocessing.connection import Connection
from pathlib import Path
import sys
import time
from slim_split_ros.fleet.bridge import explain
from slim_split_ros.fleet.frame_server import FrameServer
from slim_split_ros.fleet.names import read_address
from slim_split_ros.offboard import load_server
from slim_split_ros.wire import load_manifest

file, folder = Path({file!r}), Path({folder!r})
trouble, *later = [*file.read_text().split(), '']
file.write_text(' '.join(later))
pipe = Connection(int(sys.argv[1]))
manifest = load_manifest(folder)
replica = FrameServer(manifest, load_server(manifest, 'cpu'), manifest.classes, 2, time.time,
                      time.monotonic, 'wing')
facts = json.loads(replica.facts)
tell = lambda said: pipe.send_bytes(b's' + json.dumps(said).encode())
if trouble == 'version':
    mismatch = RuntimeError('Version mismatch: The cluster was started with:\\n    Ray: 2.9.3\\n'
                            '    Python: 3.10.4\\nThis process on node 10.0.0.2 was started with:'
                            '\\n    Ray: 2.60.0\\n    Python: 3.11.2\\n')
    tell({{'problem': explain(mismatch, read_address(sys.argv[2]), sys.argv[3])}})
    sys.exit(1)
if trouble == 'model':
    facts['fingerprint'] = 'abc'
while True:
    tell({{'replicas': 1, 'problem': '', 'facts': facts}})
    if pipe.poll(0.2):
        request = pipe.recv_bytes()
        answer = b'garbage' if trouble == 'garbage' else replica.serve([request[8:]])[0]
        pipe.send_bytes(b'a' + request[:8] + answer)
"""
OFFBOARD = """
from functools import partial
import sys
from slim_split_ros.ros import fleet_serving
from slim_split_ros.ros.offboard_node import main

fleet_serving.FleetClient = partial(fleet_serving.FleetClient, bridge=('-c', {bridge!r}))
sys.exit(main())
"""
SENTENCES = {
    'version': 'another Ray or Python: install the same (The cluster was started with: Ray: 2.9.3',
    'model': 'serves model abc',
    'garbage': 'answers what is no answer'}
PERIOD_S = 0.1


@pytest.fixture
def node(tiny_bundle: Path, tmp_path: Path, nodes: list[Process]) -> Process:
    """Give the node, whose cluster has each of the troubles once before it serves."""
    file = tmp_path / 'troubles'
    file.write_text(' '.join(SENTENCES))
    program = OFFBOARD.format(bridge=BRIDGE.format(file=str(file), folder=str(tiny_bundle)))
    nodes.append(Process.start(
        ['-c', program, *ros_arguments({
            'model': tiny_bundle, 'device': 'cpu', 'backend': 'ray'})],
        tmp_path / 'offboard.log', CHECKOUT, {}))
    return nodes[-1]


def test_each_trouble_of_a_cluster_is_said_robots_are_served_meanwhile_and_it_comes_back(
    peer: Peer, tiny_bundle: Path, node: Process
) -> None:
    robot = FeatureRobot(peer, tiny_bundle)
    heard = peer.listen(DiagnosticArray, '/diagnostics', RELIABLE)

    def cluster() -> list[DiagnosticStatus]:
        return [status for array in heard for status in array.status
                if status.name.endswith('offboard: cluster')]

    def is_said(words: str) -> bool:
        return any(words in status.message and status.level == DiagnosticStatus.WARN
                   for status in cluster())

    for trouble, words in SENTENCES.items():
        peer.repeat(robot.show, lambda words=words: is_said(words), trouble, PERIOD_S)
        served = robot.served()
        peer.repeat(robot.show, lambda served=served: robot.served() > served, 'detections',
                    PERIOD_S)

    peer.repeat(robot.show, lambda: cluster()[-1].level == DiagnosticStatus.OK, 'its return',
                PERIOD_S)
    before = len(heard)
    peer.repeat(robot.show, lambda: any(
        value.key == 'replica wing' for array in heard[before:] for status in array.status
        for value in status.values), 'answers of its replica', PERIOD_S)
    assert node.is_running
