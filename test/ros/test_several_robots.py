"""Tests of one server for several robots, and of several servers for one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
import time

import pytest
from rclpy.serialization import serialize_message
from vision_msgs.msg import Detection2DArray

from slim_split_ros.msg import EncodedFrame, LinkReport
from slim_split_ros.onboard import FrameEncoder
from slim_split_ros.ros.topics.messages import camera_header, frame_message, to_ns
from slim_split_ros.wire import Frame, FrameHeader, load_manifest
from support.flood import KINDS
from support.processes import Process
from support.ros_peer import Peer
from support.split_system import (
    CHECKOUT,
    RELIABLE,
    SENSOR_DATA,
    patch_pixels,
    start_node,
    start_slow_offboard,
)

pytestmark = pytest.mark.ros

FRAMES_PER_S = 5
SECONDS = 4


class Robot:
    """Send frames of the patch as a robot would, and count the detections that come back."""

    def __init__(self, peer: Peer, bundle: Path) -> None:
        manifest = load_manifest(bundle)
        encoded = FrameEncoder(manifest).encode(patch_pixels(), 1.0, 0)
        self._frame = Frame(
            FrameHeader(
                sender_start_ns=time.time_ns(), sequence=0, geometry=encoded.geometry, width=1.0,
                rate=0, fingerprint=manifest.fingerprint, stamp_ns=1, encode_ms=1.0,
                frame_id='camera'),
            encoded.payload)
        self._peer = peer
        self._features = peer.publisher(EncodedFrame, 'features', SENSOR_DATA)
        self._detections = peer.listen(Detection2DArray, 'detections', RELIABLE)
        self.reports = peer.listen(LinkReport, 'link_report', SENSOR_DATA)
        self.sender_start_ns = self._frame.header.sender_start_ns
        self.sent = 0

    def message(self) -> EncodedFrame:
        """Make the next frame's message."""
        self.sent += 1
        header = replace(
            self._frame.header, sequence=self.sent, stamp_ns=self.sender_start_ns + self.sent)
        return frame_message(
            Frame(header, self._frame.payload), camera_header(header))

    def show(self) -> None:
        """Publish the next frame."""
        self._features.publish(self.message())

    def served(self) -> int:
        """Return for how many of its frames detections came."""
        stamps = {to_ns(message.header.stamp) for message in self._detections}
        return sum(
            self.sender_start_ns + number in stamps for number in range(1, self.sent + 1))


@pytest.fixture
def robot(peer: Peer, tiny_bundle: Path) -> Robot:
    return Robot(peer, tiny_bundle)


@pytest.fixture
def slow_offboard(tiny_bundle: Path, tmp_path: Path) -> Iterator[Process]:
    process = start_slow_offboard(
        tmp_path / 'offboard.log', {'model': tiny_bundle}, server_s=0.05)
    yield process
    process.end()


@pytest.mark.parametrize('kind', KINDS)
def test_a_flood_takes_no_detections_from_a_robot(
    peer: Peer, robot: Robot, slow_offboard: Process, kind: str, tmp_path: Path
) -> None:
    peer.repeat(robot.show, robot.served, 'a detection', 1 / FRAMES_PER_S)
    spoilt = robot.message()
    if kind == 'garbage':
        spoilt.checksum ^= 1
    file = tmp_path / 'frame.cdr'
    file.write_bytes(serialize_message(spoilt))
    flood = Process.start(
        [str(CHECKOUT / 'test' / 'support' / 'flood.py'), kind, str(file)],
        tmp_path / 'flood.log', CHECKOUT, {'PYTHONPATH': str(CHECKOUT)})
    try:
        reason = 'checksum: ' if kind == 'garbage' else 'server_busy: '
        word = '(senders: ' if kind == 'invented_senders' else f'({reason}'
        peer.wait(lambda: word in slow_offboard.output, f'the flood: {word}')
        before, sent_before = robot.served(), robot.sent
        end_s = time.monotonic() + SECONDS
        peer.repeat(
            robot.show, lambda: time.monotonic() > end_s, 'the time', 1 / FRAMES_PER_S)
        # Of those that were sent: a busy machine sends fewer.
        assert robot.served() - before >= 0.75 * (robot.sent - sent_before)
    finally:
        flood.end()
    assert 'Traceback' not in slow_offboard.output


def test_two_servers_of_one_robot_both_detect_and_report_under_numbers_of_their_own(
    peer: Peer, robot: Robot, tiny_bundle: Path, tmp_path: Path
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
