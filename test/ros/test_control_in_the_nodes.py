"""Tests of the policy at work between the real nodes: parameters, budgets, outages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from slim_split_ros.onboard import FrameEncoder
from slim_split_ros.ros.topics.messages import to_ns
from slim_split_ros.weights.operating_point_file import POINTS_FILE
from slim_split_ros.wire import encoded_frame_bytes, load_manifest
from support.bundles import WIDTHS, write_tiny_bundle
from support.ros_peer import Peer
from support.split_system import (
    FRAME_ID,
    SplitSystem,
    patch_pixels,
    start_node,
    start_slow_offboard,
)

pytestmark = pytest.mark.ros

PERIOD_S = 0.1


@pytest.fixture(scope='module')
def measured_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a tiny model with the operating points of the patch."""
    folder = write_tiny_bundle(tmp_path_factory.mktemp('measured'))
    manifest = load_manifest(folder)
    encoder = FrameEncoder(manifest)
    points = []
    for width in WIDTHS:
        payload = encoder.encode(patch_pixels(), width, 0).payload
        size = encoded_frame_bytes(FRAME_ID, len(payload))
        points.append({
            'width': width, 'rate': 0, 'bytes': size, 'bytes_p95': round(1.1 * size),
            'encode_ms': 1.0 + width, 'encode_ms_p95': 2.0 + width, 'ap50': 0.3 + 0.3 * width})
    document = {'fingerprint': f'{manifest.fingerprint:016x}', 'points': points}
    (folder / POINTS_FILE).write_text(yaml.safe_dump(document))
    return folder


@pytest.fixture(scope='module')
def controlled(
    ros: None, measured_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SplitSystem]:
    logs = tmp_path_factory.mktemp('logs')
    parameters = {'model': measured_bundle}
    system = SplitSystem(
        Peer('camera'),
        start_node('onboard', logs / 'onboard.log', parameters),
        start_node('offboard', logs / 'offboard.log', {
            'model': measured_bundle, 'device': 'cpu'}))
    try:
        system.warm_up()
        yield system
    finally:
        system.close()


def show_until_width(system: SplitSystem, width: float) -> None:
    """Publish images at a camera's pace until frames of a width come."""
    count = len(system.features)
    system.peer.repeat(
        system.show_patch,
        lambda: any(frame.width == width for frame in system.features[count:]),
        f'width {width}', PERIOD_S)


def newest_width(system: SplitSystem) -> float:
    """Publish images until one is sent, and return its width."""
    count = len(system.features)
    system.peer.repeat(
        system.show_patch, lambda: len(system.features) > count, 'a frame', PERIOD_S)
    return system.features[count].width


def size_of(system: SplitSystem, width: float) -> int:
    """Return the bytes of a frame of a width that was sent."""
    frame = next(frame for frame in system.features if frame.width == width)
    return encoded_frame_bytes(FRAME_ID, len(frame.payload))


def test_a_fast_link_gets_the_widest(controlled: SplitSystem) -> None:
    show_until_width(controlled, 1.0)
    assert 'Traceback' not in controlled.onboard.output


def test_bounds_and_pins_apply_from_the_next_frame(controlled: SplitSystem) -> None:
    assert controlled.peer.set_parameters('onboard', max_width=0.5) == ''
    assert newest_width(controlled) <= 0.5
    assert controlled.peer.set_parameters('onboard', max_width=1.0, min_width=0.75) == ''
    assert newest_width(controlled) >= 0.75
    assert controlled.peer.set_parameters('onboard', min_width=0.25, width=0.25) == ''
    assert newest_width(controlled) == 0.25
    controlled.peer.wait(
        lambda: controlled.statuses[-1].reason == 'pinned', 'the reason in the status')
    assert controlled.peer.set_parameters('onboard', width=0.0) == ''
    show_until_width(controlled, 1.0)


def test_a_ceiling_on_the_bitrate_narrows_the_width(controlled: SplitSystem) -> None:
    # Ten of the narrowest a second fit with room to spare, ten of the widest do not.
    ceiling_kbps = int(1.5 * 10 * size_of(controlled, 0.25) * 8 / 1000)
    assert ceiling_kbps < 10 * size_of(controlled, 1.0) * 8 / 1000
    assert controlled.peer.set_parameters(
        'onboard', max_bitrate_kbps=ceiling_kbps) == ''
    show_until_width(controlled, 0.25)
    controlled.peer.repeat(
        controlled.show_patch, lambda: controlled.statuses[-1].reason == 'budget',
        'the reason in the status', PERIOD_S)
    assert controlled.peer.set_parameters(
        'onboard', max_bitrate_kbps=0) == ''
    show_until_width(controlled, 1.0)


@pytest.mark.parametrize('policy', ['paper', 'aimd', 'auto'])
def test_every_policy_sends_frames(controlled: SplitSystem, policy: str) -> None:
    assert controlled.peer.set_parameters('onboard', policy=policy) == ''
    count = len(controlled.detections)
    controlled.peer.repeat(
        controlled.show_patch, lambda: len(controlled.detections) > count + 3, 'detections',
        PERIOD_S)
    assert 'Traceback' not in controlled.onboard.output


@pytest.mark.once
def test_a_dead_server_is_an_outage_that_heals(
    controlled: SplitSystem, measured_bundle: Path, tmp_path: Path
) -> None:
    show_until_width(controlled, 1.0)
    controlled.offboard.end()
    controlled.peer.repeat(
        controlled.show_patch, lambda: controlled.statuses[-1].reason == 'outage',
        'noticing the outage', PERIOD_S)
    show_until_width(controlled, 0.25)  # only small frames try the link
    controlled.offboard = start_node('offboard', tmp_path / 'log', {
        'model': measured_bundle, 'device': 'cpu'})
    show_until_width(controlled, 1.0)


@pytest.mark.once
def test_a_second_server_changes_nothing_but_for_one_warning(
    controlled: SplitSystem, measured_bundle: Path, tmp_path: Path
) -> None:
    show_until_width(controlled, 1.0)
    second = start_node('offboard', tmp_path / 'log', {
        'model': measured_bundle, 'device': 'cpu'}, ['__node:=forgotten'])
    warning = 'two servers report on the frames of this node'
    try:
        controlled.peer.repeat(
            controlled.show_patch, lambda: warning in controlled.onboard.output, 'the warning',
            PERIOD_S)
        # Until the second one's detections find the way here too.
        controlled.peer.repeat(
            controlled.show_patch, lambda: any(
                len(controlled.detections_of(to_ns(frame.header.stamp))) == 2
                for frame in controlled.features[-5:]), 'detections of both', PERIOD_S)
        first = len(controlled.features)
        controlled.peer.repeat(
            controlled.show_patch, lambda: len(controlled.features) >= first + 20, 'frames',
            PERIOD_S)
        stamps = [to_ns(frame.header.stamp) for frame in controlled.features[first:]]
        # Best effort may lose a frame on its way to one of them.
        controlled.peer.wait(
            lambda: sum(len(controlled.detections_of(stamp)) == 2 for stamp in stamps) >= 15,
            'detections of both')
    finally:
        second.end()
    assert {frame.width for frame in controlled.features[first:]} == {1.0}
    assert {status.reason for status in controlled.statuses[-2:]} == {'link'}
    assert controlled.onboard.output.count(warning) == 1
    line = controlled.onboard.output.partition(warning)[2].partition('\n')[0]
    for server, fate in ((controlled.offboard, 'followed'), (second, 'ignored')):
        receiver_id = server.output.partition('reports as receiver ')[2][:16]
        assert f'{receiver_id} is {fate}' in line


@pytest.mark.once
def test_a_slow_server_on_an_open_link_leaves_the_width_and_is_named(
    controlled: SplitSystem, measured_bundle: Path, tmp_path: Path
) -> None:
    show_until_width(controlled, 1.0)
    controlled.offboard.end()
    controlled.offboard = start_slow_offboard(tmp_path / 'log', {
        'model': measured_bundle}, server_s=0.3)
    show_until_width(controlled, 1.0)
    controlled.peer.repeat(
        controlled.show_patch, lambda: controlled.statuses[-1].reason == 'server', 'the reason',
        PERIOD_S)
    first, served = len(controlled.features), len(controlled.detections)
    controlled.peer.repeat(
        controlled.show_patch, lambda: len(controlled.detections) >= served + 5, 'detections',
        PERIOD_S)
    frames = controlled.features[first:]
    assert {frame.width for frame in frames} == {1.0}
    stamps = [to_ns(found.header.stamp) for found in controlled.detections[served:]]
    assert stamps == sorted(stamps)
    assert 'Traceback' not in controlled.offboard.output
