"""Tests of starting, stopping, killing and restarting nodes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time

import pytest
from sensor_msgs.msg import Image

from slim_split_ros.msg import EncodedFrame
from support.processes import Process
from support.ros_peer import Peer
from support.split_system import (
    SENSOR_DATA,
    SplitSystem,
    image_message,
    patch_pixels,
    start_node,
)

pytestmark = pytest.mark.ros

END_S = 60.0
CLOCK_TICKS_PER_S = 100
# The least that a node of these libraries takes; prints the processor's time.
BARE_START = """
import time
import cv2, numpy, onnxruntime, rclpy
rclpy.init()
rclpy.create_node('bare')
print(time.process_time())
"""


@pytest.fixture
def running(peer: Peer, tiny_bundle: Path, tmp_path: Path) -> Iterator[SplitSystem]:
    """Give a system of the test's own, to be ended by it."""
    onboard = start_node('onboard', tmp_path / 'onboard.log', {
        'model': tiny_bundle, 'target_fps': 60.0})
    offboard = start_node('offboard', tmp_path / 'offboard.log', {
        'model': tiny_bundle, 'device': 'cpu'})
    system = SplitSystem(peer, onboard, offboard)
    try:
        system.warm_up()
        yield system
    finally:
        onboard.end()
        offboard.end()


@pytest.mark.parametrize(('onboard', 'offboard'), [
    ([signal.SIGINT], [signal.SIGTERM]),
    ([signal.SIGTERM], [signal.SIGINT, signal.SIGINT]),
], ids=['ctrl-c and terminate', 'terminate and ctrl-c twice'])
def test_both_nodes_end_with_status_0_and_without_a_word_of_alarm(
    running: SplitSystem, onboard: list[signal.Signals], offboard: list[signal.Signals]
) -> None:
    for process, numbers in ((running.onboard, onboard), (running.offboard, offboard)):
        for number in numbers:
            process.signal(number)
    running.show_patch()
    for process in (running.onboard, running.offboard):
        assert process.wait(END_S) == 0
        assert 'Traceback' not in process.output


def test_either_node_may_be_killed_and_restarted(
    running: SplitSystem, tiny_bundle: Path, tmp_path: Path, nodes: list[Process]
) -> None:
    first_start = running.features[-1].sender_start
    running.onboard.signal(signal.SIGKILL)
    running.onboard.wait(END_S)
    nodes.append(start_node('onboard', tmp_path / 'onboard_2.log', {
        'model': tiny_bundle, 'target_fps': 60.0}))
    running.warm_up()
    assert running.features[-1].sender_start != first_start
    assert running.features[-1].sequence < 100

    running.offboard.signal(signal.SIGKILL)
    running.offboard.wait(END_S)
    count = len(running.detections)
    late = start_node('offboard', tmp_path / 'offboard_2.log', {
        'model': tiny_bundle, 'device': 'cpu'})
    nodes.append(late)
    running.peer.repeat(
        running.show_patch, lambda: len(running.detections) > count, 'detections of a late joiner')
    assert running.detections[-1].detections
    assert 'dropped' not in late.output


@pytest.mark.parametrize('node', ['onboard', 'offboard'])
def test_a_missing_model_is_named_with_the_remedy_and_status_1(
    node: str, tmp_path: Path, nodes: list[Process]
) -> None:
    nodes.append(start_node(node, tmp_path / 'log', {'model': tmp_path / 'nowhere'}))
    assert nodes[0].wait(END_S) == 1
    assert len(nodes[0].own_lines) == 1
    assert str(tmp_path / 'nowhere') in nodes[0].output
    assert 'or a folder that train, adapt or export wrote' in nodes[0].output


@pytest.mark.parametrize(('node', 'file'), [
    ('onboard', 'encoder_w050.onnx'), ('offboard', 'server.onnx'),
])
def test_a_damaged_model_file_is_named_and_ends_with_status_1(
    node: str, file: str, tiny_bundle: Path, tmp_path: Path, nodes: list[Process]
) -> None:
    folder = tmp_path / 'damaged'
    shutil.copytree(tiny_bundle, folder)
    damaged = folder / file
    damaged.write_bytes(damaged.read_bytes()[:200])
    nodes.append(start_node(node, tmp_path / 'log', {'model': folder, 'device': 'cpu'}))
    assert nodes[0].wait(END_S) == 1
    assert str(damaged) in nodes[0].output
    assert 'Traceback' not in nodes[0].output


def test_a_network_that_the_runtime_refuses_is_named(
    tiny_bundle: Path, tmp_path: Path, nodes: list[Process]
) -> None:
    from support.bundles import replace_file

    folder = tmp_path / 'wrong'
    shutil.copytree(tiny_bundle, folder)
    replace_file(folder, 'server.onnx', b'no network')
    nodes.append(start_node('offboard', tmp_path / 'log', {'model': folder, 'device': 'cpu'}))
    assert nodes[0].wait(END_S) == 1
    assert f'{folder}/server.onnx does not load' in nodes[0].output


def test_wrong_parameters_end_the_start_in_one_line(
    tmp_path: Path, nodes: list[Process]
) -> None:
    nodes.append(start_node('onboard', tmp_path / 'log', {'width': 0.3}))
    assert nodes[0].wait(END_S) == 1
    assert 'parameter width is 0.3: it must be one of 0 to 1, step 0.25' in nodes[0].output
    assert len(nodes[0].own_lines) == 1


def test_the_first_payload_comes_soon_after_the_start(
    peer: Peer, tiny_bundle: Path, tmp_path: Path, nodes: list[Process],
    request: pytest.FixtureRequest,
) -> None:
    features = peer.listen(EncodedFrame, 'features', SENSOR_DATA)
    images = peer.publisher(Image, 'image', SENSOR_DATA)
    started_s = time.monotonic()
    nodes.append(start_node('onboard', tmp_path / 'log', {'model': tiny_bundle}))
    image = image_message(patch_pixels(), 1)
    peer.repeat(lambda: images.publish(image), lambda: features, 'the first payload', 0.02)
    request.node.user_properties.append(
        ('first_payload_s', round(time.monotonic() - started_s, 2)))
    # Of the processor, for the machine may be busy: on a quiet one it is what passes.
    taken_s = processor_s(nodes[0].pid)
    bare = subprocess.run([sys.executable, '-c', BARE_START], capture_output=True, text=True,
                          check=True)
    assert taken_s < 3.0 * float(bare.stdout)


def processor_s(pid: int) -> float:
    """Return user and system time of a process so far."""
    fields = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_PER_S
