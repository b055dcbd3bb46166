"""Does the onboard node send video: frames that lean on others, a fresh one after a loss?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import dropwhile
from pathlib import Path

import pytest
import yaml

from slim_split_ros.coders import why_no_video_encoding
from slim_split_ros.msg import EncodedFrame
from slim_split_ros.ros.topics.messages import to_ns
from slim_split_ros.weights.operating_point_file import POINTS_FILE
from slim_split_ros.wire import Coder, load_manifest
from support.bundles import VIDEO, write_tiny_bundle
from support.ros_peer import Peer
from support.split_system import SENSOR_DATA, SplitSystem, start_node

pytestmark = [
    pytest.mark.ros,
    pytest.mark.skipif(bool(why_no_video_encoding()), reason=why_no_video_encoding())]

PERIOD_S = 0.1


class Radio:
    """Carry what the robot sends to the server, but for frames that it is told to lose."""

    def __init__(self, peer: Peer) -> None:
        self.sent: list[EncodedFrame] = []
        self.loses_next_leaning = False
        self.lost: list[EncodedFrame] = []
        self._features = peer.publisher(EncodedFrame, 'features', SENSOR_DATA)
        peer.node.create_subscription(EncodedFrame, 'sent/features', self._carry, SENSOR_DATA)

    def _carry(self, frame: EncodedFrame) -> None:
        self.sent.append(frame)
        if self.loses_next_leaning and frame.frames_back:
            self.loses_next_leaning = False
            self.lost.append(frame)
        else:
            self._features.publish(frame)


@pytest.fixture(scope='module')
def video_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a tiny model whose only points are of video, by itself and leaning."""
    folder = write_tiny_bundle(
        tmp_path_factory.mktemp('video'), with_pictures=True, with_video=True)
    points = [{
        'coder': 'video', 'alone': alone, 'long_side': VIDEO[0]['long_side'], 'width': 0.25,
        'rate': 0, 'bytes': size, 'bytes_p95': size + 100, 'encode_ms': 2.0,
        'encode_ms_p95': 3.0, 'ap50': 0.5} for alone, size in ((True, 900), (False, 300))]
    (folder / POINTS_FILE).write_text(yaml.safe_dump({
        'fingerprint': f'{load_manifest(folder).fingerprint:016x}', 'points': points}))
    return folder


@pytest.fixture
def system(ros: None, video_bundle: Path, tmp_path: Path) -> Iterator[tuple[SplitSystem, Radio]]:
    """Give both nodes, whose frames lean by now, and the radio between them."""
    peer = Peer('camera')
    radio = Radio(peer)
    parameters = {'model': video_bundle}
    running = SplitSystem(
        peer,
        start_node('onboard', tmp_path / 'onboard.log', parameters, ['features:=sent/features']),
        start_node('offboard', tmp_path / 'offboard.log', {**parameters, 'device': 'cpu'}))
    try:
        running.warm_up()
        show_until_leaning(running, radio)
        yield running, radio
    finally:
        running.close()


def is_answered(system: SplitSystem, frame: EncodedFrame) -> bool:
    return bool(system.detections_of(to_ns(frame.header.stamp)))


def show_until_leaning(system: SplitSystem, radio: Radio) -> None:
    """Publish images until a frame that leans on another is answered."""
    first = len(radio.sent)
    system.peer.repeat(
        system.show_patch, lambda: any(
            frame.frames_back and is_answered(system, frame) for frame in radio.sent[first:]),
        'detections of a frame that leans', PERIOD_S)


def test_frames_lean_on_the_one_before_and_are_answered(
    system: tuple[SplitSystem, Radio]
) -> None:
    nodes, radio = system

    assert radio.sent[0].frames_back == 0
    assert {frame.payload[0] for frame in radio.sent} == {Coder.H264}
    nodes.peer.repeat(
        nodes.show_patch,
        lambda: (nodes.statuses[-1].coder, nodes.statuses[-1].alone) == ('video', False),
        'a status that says so', PERIOD_S)


def test_a_lost_frame_costs_those_that_lean_on_it_until_a_fresh_one_comes(
    system: tuple[SplitSystem, Radio]
) -> None:
    nodes, radio = system
    radio.loses_next_leaning = True
    nodes.peer.repeat(nodes.show_patch, lambda: radio.lost, 'a loss', PERIOD_S)
    lost_at = next(place for place, frame in enumerate(radio.sent) if frame is radio.lost[0])

    def from_fresh_on() -> list[EncodedFrame]:
        return list(dropwhile(lambda frame: frame.frames_back, radio.sent[lost_at + 1:]))

    # That frame itself, or one that leans on it and took its place in the server's queue.
    nodes.peer.repeat(
        nodes.show_patch,
        lambda: any(is_answered(nodes, frame) for frame in from_fresh_on()),
        'detections from a fresh frame on', PERIOD_S)

    between = radio.sent[lost_at:len(radio.sent) - len(from_fresh_on())]
    assert not any(is_answered(nodes, frame) for frame in between)
    show_until_leaning(nodes, radio)


def test_alone_keeps_every_frame_independent(system: tuple[SplitSystem, Radio]) -> None:
    nodes, radio = system
    assert nodes.peer.set_parameters('onboard', alone=True) == ''
    nodes.settle()
    first = len(radio.sent)

    nodes.peer.repeat(
        nodes.show_patch, lambda: len(radio.sent) >= first + 10, 'ten frames', PERIOD_S)

    assert {frame.frames_back for frame in radio.sent[first:]} == {0}
    nodes.peer.wait(lambda: nodes.statuses[-1].alone, 'a status that says so')
