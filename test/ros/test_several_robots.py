"""Tests of one server for several robots, and of several servers for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import time

import pytest
from rclpy.serialization import serialize_message
from vision_msgs.msg import Detection2DArray

from slim_split_ros.ros.topics.messages import to_ns
from support.feature_robot import FeatureRobot
from support.flood import KINDS
from support.processes import Process
from support.ros_peer import Peer
from support.split_system import (
    CHECKOUT,
    RELIABLE,
    start_node,
    start_slow_offboard,
)

pytestmark = pytest.mark.ros

FRAMES_PER_S = 5
SECONDS = 4


@pytest.fixture
def robot(peer: Peer, tiny_bundle: Path) -> FeatureRobot:
    return FeatureRobot(peer, tiny_bundle)


@pytest.fixture
def slow_offboard(tiny_bundle: Path, tmp_path: Path) -> Iterator[Process]:
    process = start_slow_offboard(
        tmp_path / 'offboard.log', {'model': tiny_bundle}, server_s=0.05)
    yield process
    process.end()


@pytest.mark.parametrize('kind', KINDS)
def test_a_flood_takes_no_detections_from_a_robot(
    peer: Peer, robot: FeatureRobot, slow_offboard: Process, kind: str, tmp_path: Path
) -> None:
    peer.repeat(robot.show, robot.served, 'a detection', 1 / FRAMES_PER_S)
    spoilt = robot.message()
    if kind == 'garbage':
        spoilt.checksum ^= 1
    file = tmp_path / 'frame.cdr'
    file.write_bytes(serialize_message(spoilt))
    flood = Process.start(
        [str(CHECKOUT / 'test' / 'support' / 'flood.py'), kind, str(file), '200'],
        tmp_path / 'flood.log', CHECKOUT, {'PYTHONPATH': str(CHECKOUT)})
    try:
        reason = 'checksum: ' if kind == 'garbage' else 'server_busy: '
        word = '(senders: ' if kind == 'invented_senders' else f'({reason}'
        peer.wait(lambda: word in slow_offboard.output, f'the flood: {word}')
        before, sent_before = robot.served(), robot.sent
        end_s = time.monotonic() + SECONDS
        peer.repeat(
            robot.show, lambda: time.monotonic() > end_s, 'the time', 1 / FRAMES_PER_S)
        # Of those that were sent: a busy machine sends fewer, and the last are under way.
        sent = robot.sent - sent_before
        peer.wait(lambda: robot.served() - before >= 0.75 * sent, 'three of four detections')
    finally:
        flood.end()
    assert 'Traceback' not in slow_offboard.output


def test_two_servers_of_one_robot_both_detect_and_report_under_numbers_of_their_own(
    peer: Peer, robot: FeatureRobot, tiny_bundle: Path, tmp_path: Path
) -> None:
    parameters = {'model': tiny_bundle, 'device': 'cpu'}
    topics = [
        peer.listen(Detection2DArray, f'detections_{name}', RELIABLE) for name in ('a', 'b')]
    servers = [
        start_node('offboard', tmp_path / f'{name}.log', parameters,
                   [f'detections:=detections_{name}', f'__node:=offboard_{name}'])
        for name in ('a', 'b')]
    try:
        peer.repeat(robot.show, lambda: all(topics), 'detections of both', 1 / FRAMES_PER_S)
        peer.repeat(
            robot.show, lambda: len({report.receiver_id for report in robot.reports}) == 2,
            'reports of both', 1 / FRAMES_PER_S)
    finally:
        for server in servers:
            server.end()
    for receiver_id in {report.receiver_id for report in robot.reports}:
        own = [report for report in robot.reports if report.receiver_id == receiver_id]
        assert {to_ns(report.sender_start) for report in own} == {robot.sender_start_ns}
        numbers = [report.report_sequence for report in own]
        assert numbers == sorted(set(numbers))
