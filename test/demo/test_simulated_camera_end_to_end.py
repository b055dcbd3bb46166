"""Tests of the whole system: simulated camera, robot's node, server's node, 10 frames a second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import statistics
import time

import pytest
from rclpy.qos import QoSProfile
from vision_msgs.msg import Detection2DArray

from slim_split_ros.msg import LinkReport
from slim_split_ros.ros.topics.messages import to_ns
from support.bundles import WIDTHS
from support.processes import Process
from support.ros_peer import Peer
from support.split_system import SENSOR_DATA, SplitSystem, start_node

pytestmark = pytest.mark.ros

FRAMES_PER_WIDTH = 8
# A machine that stalls for a tenth of a second loses a frame by design; not in every round.
ROUNDS = 4
NS_PER_MS = 1e6


@pytest.fixture(scope='module')
def camera_system(
    ros: None, tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SplitSystem, Process]]:
    """Give the running system and its camera."""
    logs = tmp_path_factory.mktemp('logs')
    system = SplitSystem(
        Peer('listener'),
        start_node('onboard', logs / 'onboard.log', {'model': tiny_bundle}),
        start_node('offboard', logs / 'offboard.log', {
            'model': tiny_bundle, 'device': 'cpu', 'score_threshold': 0.0}))
    camera = start_node('sim_camera', logs / 'camera.log', {'seed': 3, 'fps': 10.0})
    try:
        system.peer.wait_for_first(system.detections, what='detections')
        yield system, camera
    finally:
        camera.end()
        system.close()


def test_no_frame_is_lost_at_any_width(
    camera_system: tuple[SplitSystem, Process], request: pytest.FixtureRequest
) -> None:
    system, _ = camera_system
    peer = system.peer
    truths = peer.listen(Detection2DArray, 'ground_truth', QoSProfile(depth=500))
    reports = peer.listen(LinkReport, 'link_report', SENSOR_DATA)
    came_ns: dict[int, int] = {}
    peer.node.create_subscription(
        Detection2DArray, 'detections',
        lambda message: came_ns.setdefault(to_ns(message.header.stamp), time.time_ns()),
        QoSProfile(depth=500))
    peer.wait_for_first(came_ns, truths, reports, what='of each message')
    for _ in range(ROUNDS):
        offered, served = run_through_widths(system, truths, came_ns)
        if offered == served:
            break
    assert offered == served
    assert len(offered) >= FRAMES_PER_WIDTH * len(WIDTHS)
    request.node.user_properties.append(
        ('overhead_ms_p50', round(overhead_ms(system, reports, came_ns), 2)))


def run_through_widths(
    system: SplitSystem, truths: list[Detection2DArray], came_ns: dict[int, int]
) -> tuple[set[int], set[int]]:
    """Run some frames at each width; return the stamps of frames offered and of those served."""
    peer = system.peer
    first_ns = max(*came_ns, *(to_ns(truth.header.stamp) for truth in truths))
    for width in WIDTHS:
        assert peer.set_parameters('onboard', width=width) == ''
        peer.wait(lambda width=width: system.features[-1].width == width, f'width {width}')
        count = len(system.features) + FRAMES_PER_WIDTH
        peer.wait(lambda count=count: len(system.features) >= count, 'frames of a width')
    last_ns = to_ns(system.features[-1].header.stamp)

    def stamps(messages: list[Detection2DArray]) -> set[int]:
        found = {to_ns(message.header.stamp) for message in messages}
        return {stamp_ns for stamp_ns in found if first_ns < stamp_ns <= last_ns}

    peer.wait(lambda: max(came_ns) >= last_ns, 'detections of the last frame or a later one')
    return stamps(truths), stamps(system.detections)


def overhead_ms(
    system: SplitSystem, reports: list[LinkReport], came_ns: dict[int, int]
) -> float:
    """Return the median of what neither encoder nor server took, from stamp to detections."""
    server_ms = {
        sequence: milliseconds for report in reports
        for sequence, milliseconds in zip(report.sequence, report.server_ms, strict=True)
        if milliseconds == milliseconds}
    rest = []
    for frame in system.features:
        stamp_ns = to_ns(frame.header.stamp)
        if stamp_ns in came_ns and frame.sequence in server_ms:
            total_ms = (came_ns[stamp_ns] - stamp_ns) / NS_PER_MS
            rest.append(total_ms - frame.encode_ms - server_ms[frame.sequence])
    return statistics.median(rest)


def test_the_peer_may_leave_and_come_back(
    camera_system: tuple[SplitSystem, Process]
) -> None:
    system, camera = camera_system
    for name in ('late_1', 'late_2'):
        late = Peer(name)
        found = late.listen(Detection2DArray, 'detections', QoSProfile(depth=10))
        late.wait_for_first(found, what='detections for a late listener')
        late.wait(lambda found=found: len(found) >= 2, 'the next detections')
        late.close()
    assert camera.is_running and system.onboard.is_running and system.offboard.is_running
