"""Tests of nodes whose messages check every field that is set, as ROS lets a user ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
from sensor_msgs.msg import Image

from slim_split_ros.msg import LinkReport
from support.ros_peer import Peer
from support.split_system import SENSOR_DATA, SplitSystem, start_node

pytestmark = pytest.mark.ros


def test_nodes_serve_alike_where_messages_check_their_fields(
    tiny_bundle: Path, peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('ROS_PYTHON_CHECK_FIELDS', '1')
    onboard = start_node('onboard', tmp_path / 'onboard.log', {'model': tiny_bundle})
    offboard = start_node(
        'offboard', tmp_path / 'offboard.log', {'model': tiny_bundle, 'device': 'cpu'})
    system = SplitSystem(peer, onboard, offboard)
    annotated = peer.listen(Image, 'offboard/annotated', SENSOR_DATA)
    reports = peer.listen(LinkReport, 'link_report', SENSOR_DATA)
    try:
        system.warm_up()
        peer.repeat(system.show_patch, lambda: annotated and system.statuses, 'an annotated image')
        peer.wait(lambda: any(report.sequence for report in reports), 'a report of arrivals')
        assert sum(system.dropped().get(word, 0) for word in ('failure', 'header')) == 0
        assert 'Traceback' not in onboard.output + offboard.output
    finally:
        onboard.end()
        offboard.end()
