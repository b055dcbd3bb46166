"""Tests of `image_transport: compressed`, in a namespace as a second robot would be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from slim_split_ros.ros.topics.messages import to_stamp
from support.ros_peer import Peer
from support.split_system import (
    FRAME_ID,
    SENSOR_DATA,
    SplitSystem,
    box_rows,
    patch_pixels,
    start_node,
)

pytestmark = pytest.mark.ros

ROBOT = ('__ns:=/robot_1',)


class CompressedSystem(SplitSystem):
    """Show patches as JPEG."""

    def show(self, data: bytes, stamp_ns: int) -> None:
        """Publish bytes as a compressed image."""
        self.keep_pace()
        header = Header(stamp=to_stamp(stamp_ns), frame_id=FRAME_ID)
        self.compressed.publish(CompressedImage(header=header, format='jpeg', data=data))

    def show_patch(self) -> int:
        """Publish a JPEG of the patch and return its stamp."""
        stamp_ns = self.next_stamp_ns()
        self.show(encoded('.jpg'), stamp_ns)
        return stamp_ns


def encoded(suffix: str) -> bytes:
    return cv2.imencode(suffix, patch_pixels())[1].tobytes()


@pytest.fixture(scope='module')
def compressed(
    ros: None, tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CompressedSystem]:
    logs = tmp_path_factory.mktemp('logs')
    onboard = start_node('onboard', logs / 'onboard.log', {
        'model': tiny_bundle, 'target_fps': 60.0, 'image_transport': 'compressed'}, ROBOT)
    offboard = start_node('offboard', logs / 'offboard.log', {
        'model': tiny_bundle, 'device': 'cpu'}, ROBOT)
    system = CompressedSystem(Peer('camera', 'robot_1'), onboard, offboard)
    system.compressed = system.peer.publisher(CompressedImage, 'image/compressed', SENSOR_DATA)
    try:
        system.warm_up()
        yield system
    finally:
        system.close()


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_compressed_images_become_detections(
    compressed: CompressedSystem, suffix: str
) -> None:
    stamp_ns = compressed.next_stamp_ns()
    compressed.show(encoded(suffix), stamp_ns)
    compressed.peer.wait(lambda: compressed.detections_of(stamp_ns), 'detections')
    message = compressed.detections_of(stamp_ns)[0]
    assert box_rows(message)
    assert message.header.frame_id == FRAME_ID


@pytest.mark.parametrize('spoilt', [
    b'', b'\xff\xd8\xff\xe0 no JPEG', encoded('.jpg')[:-400], encoded('.png')[:200],
    np.random.default_rng(1).bytes(5000),
], ids=['empty', 'start only', 'cut JPEG', 'cut PNG', 'noise'])
def test_what_cannot_be_decoded_is_dropped_and_counted_and_the_next_is_served(
    compressed: CompressedSystem, spoilt: bytes
) -> None:
    before = compressed.dropped().get('image', 0)
    compressed.show(spoilt, compressed.next_stamp_ns())
    compressed.peer.wait(
        lambda: compressed.dropped().get('image', 0) == before + 1, 'counting the drop')
    compressed.settle()
    assert 'image dropped: ' in compressed.onboard.output
    assert 'Traceback' not in compressed.onboard.output


def test_topics_of_a_namespaced_robot_are_all_its_own(compressed: CompressedSystem) -> None:
    topics = dict(compressed.peer.node.get_topic_names_and_types())
    for name in ('image/compressed', 'features', 'link_report', 'onboard/status', 'detections',
                 'label_info', 'offboard/annotated'):
        assert f'/robot_1/{name}' in topics
        assert f'/{name}' not in topics
