"""Tests of the founding paper's system between the real nodes: members, bits, policy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

pytest.importorskip('torch', reason='the small ensemble is exported by torch: make setup-training')

from slim_split_ros.msg import EncodedFrame  # noqa: E402
from slim_split_ros.weights.operating_point_file import POINTS_FILE  # noqa: E402
from slim_split_ros.wire import (  # noqa: E402
    Coder,
    Manifest,
    encoded_frame_bytes,
    load_manifest,
)
from support.ros_peer import Peer  # noqa: E402
from support.small_networks import write_untrained_ensemble  # noqa: E402
from support.split_system import (  # noqa: E402
    FRAME_ID,
    SplitSystem,
    start_node_with_shipped,
)

pytestmark = [pytest.mark.ros, pytest.mark.torch]

PERIOD_S = 0.1
# What camera images of 640x480 become at a longer side of 128 pixels, at a quarter of it.
VALUES = 6 * 24 * 32


def payload_bytes(bits: int) -> int:
    return 1 + VALUES * bits // 8


def message_bytes(bits: int) -> int:
    return encoded_frame_bytes(FRAME_ID, payload_bytes(bits))


@pytest.fixture(scope='module')
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """Give a small ensemble whose operating points say that members and bits pay."""
    folder = tmp_path_factory.mktemp('ensemble')
    write_untrained_ensemble(folder)
    manifest = load_manifest(folder)
    points = [
        {'width': entry.width, 'rate': rate, 'bytes': message_bytes(bits),
         'bytes_p95': message_bytes(bits), 'encode_ms': 4.0 * entry.width,
         'encode_ms_p95': 6.0 * entry.width, 'ap50': 0.1 * bits + 0.1 * entry.width}
        for entry in manifest.widths for rate, bits in enumerate(manifest.bits)]
    document = {'fingerprint': f'{manifest.fingerprint:016x}', 'points': points}
    (folder / POINTS_FILE).write_text(yaml.safe_dump(document))
    return manifest


@pytest.fixture(scope='module')
def ensemble(
    ros: None, manifest: Manifest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SplitSystem]:
    """Give both nodes with `codec: ensemble`; an untrained detector is sure of nothing."""
    logs = tmp_path_factory.mktemp('logs')

    def start(name: str, **parameters: object) -> object:
        return start_node_with_shipped(
            name, logs / f'{name}.log', 'ensemble', manifest.folder, parameters)

    system = SplitSystem(
        Peer('camera'), start('onboard'), start('offboard', device='cpu', score_threshold=0.0))
    try:
        system.warm_up()
        yield system
    finally:
        system.close()


def show_until_mode(system: SplitSystem, width: float, rate: int) -> EncodedFrame:
    """Publish images at a camera's pace until a frame of so many members and bits comes."""
    count = len(system.features)

    def of_mode() -> list[EncodedFrame]:
        return [frame for frame in system.features[count:]
                if (frame.width, frame.rate) == (width, rate)]

    system.peer.repeat(system.show_patch, of_mode, f'width {width} with rate {rate}', PERIOD_S)
    return of_mode()[0]


@pytest.mark.parametrize('width', [0.25, 0.5, 0.75, 1.0])
def test_every_number_of_members_goes_from_image_to_detections(
    ensemble: SplitSystem, manifest: Manifest, width: float
) -> None:
    assert ensemble.peer.set_parameters('onboard', width=width) == ''
    show_until_mode(ensemble, width, 0)
    ensemble.settle()
    frame = ensemble.features[-1]
    assert (frame.width, frame.rate, frame.fingerprint) == (width, 0, manifest.fingerprint)
    assert frame.payload[0] == Coder.BITS
    assert len(frame.payload) == payload_bytes(4)
    found = ensemble.detections[-1]
    assert found.header == frame.header
    assert found.detections
    assert {item.results[0].hypothesis.class_id for item in found.detections} <= {
        'square', 'disc'}
    ensemble.peer.wait(lambda: ensemble.statuses[-1].width == width, 'the width in the status')
    assert ensemble.statuses[-1].reason == 'pinned'


def test_members_differ_in_what_they_send(ensemble: SplitSystem) -> None:
    payloads = []
    for width in (0.25, 1.0):
        assert ensemble.peer.set_parameters('onboard', width=width) == ''
        payloads.append(show_until_mode(ensemble, width, 0).payload)
    assert payloads[0] != payloads[1]


def test_the_policy_takes_the_bits_that_a_ceiling_leaves(ensemble: SplitSystem) -> None:
    ceiling_kbps = int(1.3 * 10 * message_bytes(1) * 8 / 1000)
    assert ceiling_kbps < 10 * message_bytes(2) * 8 / 1000
    assert ensemble.peer.set_parameters('onboard', width=0.0) == ''
    show_until_mode(ensemble, 1.0, 0)
    assert ensemble.peer.set_parameters('onboard', max_bitrate_kbps=ceiling_kbps) == ''
    assert len(show_until_mode(ensemble, 1.0, 3).payload) == payload_bytes(1)
    assert ensemble.peer.set_parameters('onboard', max_bitrate_kbps=0) == ''
    show_until_mode(ensemble, 1.0, 0)


@pytest.mark.parametrize('width', [0.25, 0.75])
def test_bounds_on_members_and_a_ceiling_on_bits_reach_any_mode(
    ensemble: SplitSystem, width: float
) -> None:
    ceiling_kbps = int(1.2 * 10 * message_bytes(2) * 8 / 1000)
    assert ceiling_kbps < 10 * message_bytes(3) * 8 / 1000
    assert ensemble.peer.set_parameters(
        'onboard', width=0.0, min_width=width, max_width=width,
        max_bitrate_kbps=ceiling_kbps) == ''
    assert len(show_until_mode(ensemble, width, 2).payload) == payload_bytes(2)
    assert ensemble.peer.set_parameters(
        'onboard', min_width=0.25, max_width=1.0, max_bitrate_kbps=0) == ''


@pytest.mark.parametrize('policy', ['paper', 'aimd', 'auto'])
def test_every_policy_sends_frames(ensemble: SplitSystem, policy: str) -> None:
    assert ensemble.peer.set_parameters('onboard', policy=policy, width=0.0) == ''
    count = len(ensemble.detections)
    ensemble.peer.repeat(
        ensemble.show_patch, lambda: len(ensemble.detections) > count + 3, 'detections', PERIOD_S)
    for process in (ensemble.onboard, ensemble.offboard):
        assert 'Traceback' not in process.output
    assert 'dropped' not in ensemble.offboard.output


def test_a_server_of_the_other_codec_refuses_its_frames_by_fingerprint(
    ensemble: SplitSystem, tiny_bundle: Path, tmp_path: Path
) -> None:
    other = start_node_with_shipped(
        'offboard', tmp_path / 'log', 'slim', tiny_bundle, {'device': 'cpu'})
    try:
        ensemble.peer.repeat(
            ensemble.show_patch, lambda: 'fingerprint of the frame' in other.output,
            'the refusal', PERIOD_S)
    finally:
        other.end()
