"""Tests of several servers' nodes that share one deployment, each for robots of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
import time

import numpy as np
import pytest
from vision_msgs.msg import Detection2DArray

from slim_split_ros.msg import EncodedFrame
from slim_split_ros.offboard import FrameDecoder, load_server
from slim_split_ros.ros.topics.messages import camera_header, frame_message, to_ns
from slim_split_ros.wire import Frame
from support.fleet_cluster import WAIT_S, DeployedCluster
from support.fleet_frames import square_frames
from support.processes import Process
from support.ros_peer import Peer
from support.split_system import RELIABLE, SENSOR_DATA, box_rows, start_node

pytestmark = [pytest.mark.ros, pytest.mark.once]

FRAMES, ALONE = 12, (0, 4, 8)
TOPS = {'cell1': 96, 'cell2': 256}
PERIOD_S = 0.5
# A frame that came too late is not served, and those that lean on it are.
PATIENCE_S = 3.0


class VideoRobot:
    """Send frames of video one after the other, each once the one before is served."""

    def __init__(self, peer: Peer, cell: str, frames: list[Frame]) -> None:
        self._peer = peer
        self._frames = [Frame(replace(frame.header, stamp_ns=1000 + frame.header.sequence),
                              frame.payload) for frame in frames]
        self._features = peer.publisher(EncodedFrame, f'{cell}/features', SENSOR_DATA)
        self._heard = peer.listen(Detection2DArray, f'{cell}/detections', RELIABLE)

    def boxes(self, number: int) -> list[list[float]]:
        """Return x, y, w, h of what was found in a frame, which may have been sent twice."""
        return next(([list(row[2:]) for row in box_rows(message)] for message in self._heard
                     if to_ns(message.header.stamp) == 1000 + number), [])

    def send(self, number: int) -> None:
        """Send a frame, and wait for what was found in it; for the first, as long as it takes."""
        frame = self._frames[number]
        message = frame_message(frame, camera_header(frame.header))
        limit_s = time.monotonic() + PATIENCE_S
        if number == 0:
            self._peer.repeat(
                lambda: self._features.publish(message), lambda: self.boxes(number),
                'the first frame', PERIOD_S, WAIT_S)
            return
        self._features.publish(message)
        self._peer.wait(lambda: self.boxes(number) or time.monotonic() > limit_s, 'a frame')


@pytest.fixture
def cells(
    peer: Peer, fleet: DeployedCluster, nodes: list[Process], tmp_path: Path
) -> dict[str, VideoRobot]:
    """Give a robot in each of two cells, with a node each; both robots call themselves alike."""
    start_ns = time.time_ns()
    robots = {}
    for cell, top in TOPS.items():
        robots[cell] = VideoRobot(peer, cell, square_frames(
            fleet.manifest, FRAMES, 'video', start_ns, ALONE, top))
        nodes.append(start_node(
            'offboard', tmp_path / f'{cell}.log', {
                'model': fleet.folder, 'device': 'cpu', 'backend': 'ray', 'fallback': False,
                'ray_address': fleet.cluster.address},
            [f'__ns:=/{cell}'], environment=fleet.cluster.environment))
    return robots


def test_nodes_share_a_deployment_and_each_robots_video_is_its_own(
    fleet: DeployedCluster, cells: dict[str, VideoRobot]
) -> None:
    for number in range(FRAMES):
        for robot in cells.values():
            robot.send(number)

    manifest = fleet.manifest
    server = load_server(manifest, 'cpu')
    for cell, robot in cells.items():
        decoder, leaning = FrameDecoder(manifest), 0
        frames = square_frames(manifest, FRAMES, 'video', alone=ALONE, top=TOPS[cell])
        for number, frame in enumerate(frames):
            (own,) = server.serve([decoder.decode(frame)], 0.3, 100)
            if boxes := robot.boxes(number):
                np.testing.assert_allclose(boxes, own.detections.boxes, atol=0.01)
                leaning += number not in ALONE
        assert leaning
