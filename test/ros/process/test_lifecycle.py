"""Tests of both nodes' lifecycle, through its services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import re
import shutil
import time
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
import psutil
import pytest
from sensor_msgs.msg import CameraInfo, Image
from std_srvs.srv import SetBool
from vision_msgs.msg import Detection2DArray

from slim_split_ros.msg import EncoderStatus, ServerStatus
from support.processes import Process
from support.ros_peer import Peer
from support.split_system import (
    RELIABLE,
    SENSOR_DATA,
    image_message,
    patch_pixels,
    start_node,
)

pytestmark = pytest.mark.ros

CONFIGURE, CLEANUP = Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_CLEANUP
ACTIVATE, DEACTIVATE = Transition.TRANSITION_ACTIVATE, Transition.TRANSITION_DEACTIVATE
# One of each state's; the last is of no state here.
ANY_ORDER = [
    ACTIVATE, DEACTIVATE, CLEANUP, CONFIGURE, CONFIGURE, DEACTIVATE, ACTIVATE, ACTIVATE,
    CONFIGURE, CLEANUP, DEACTIVATE, CLEANUP, ACTIVATE, 77]
TAKEN = [CONFIGURE, ACTIVATE, DEACTIVATE, CLEANUP]
MEASURED_S = 3.0


class Managed:
    """Hold both nodes, without autostart, and call their services."""

    def __init__(self, peer: Peer, model: Path, logs: Path) -> None:
        parameters = {'model': model, 'autostart': False}
        self.peer, self.model = peer, model
        self.processes = {
            'onboard': start_node('onboard', logs / 'onboard.log', {
                **parameters, 'target_fps': 60.0}),
            'offboard': start_node('offboard', logs / 'offboard.log', {
                **parameters, 'device': 'cpu'})}
        self.detections = peer.listen(Detection2DArray, 'onboard/detections', RELIABLE)
        self.statuses = {
            'onboard': peer.listen(EncoderStatus, 'onboard/status', RELIABLE),
            'offboard': peer.listen(ServerStatus, 'offboard/status', RELIABLE)}
        self.images = peer.publisher(Image, 'image', SENSOR_DATA)

    def change(self, node: str, transition: int) -> bool:
        """Ask for a transition and say whether it was made."""
        return self.peer.call(
            ChangeState, f'{node}/change_state',
            ChangeState.Request(transition=Transition(id=transition))).success

    def enable(self, node: str, data: bool) -> Any:
        """Call `~/enable`."""
        return self.peer.call(SetBool, f'{node}/enable', SetBool.Request(data=data))

    def state(self, node: str) -> str:
        """Return the state that the lifecycle's own service tells."""
        return self.peer.call(
            GetState, f'{node}/get_state', GetState.Request()).current_state.label

    def show(self) -> None:
        """Publish an image."""
        self.images.publish(image_message(patch_pixels(), time.time_ns()))

    def wait_for_detections(self) -> None:
        """Show images until detections come back."""
        count = len(self.detections)
        self.peer.repeat(
            self.show, lambda: len(self.detections) > count, 'detections')

    def processor_s(self, node: str) -> float:
        """Return the processor's time that a node takes while images come for MEASURED_S."""
        process = psutil.Process(self.processes[node].pid)
        before_s, end_s = sum(process.cpu_times()[:2]), time.monotonic() + MEASURED_S
        self.peer.repeat(self.show, lambda: time.monotonic() > end_s, 'the time', 0.02)
        return sum(process.cpu_times()[:2]) - before_s


@pytest.fixture
def managed(peer: Peer, tiny_bundle: Path, tmp_path: Path) -> Iterator[Managed]:
    model = tmp_path / 'model'
    shutil.copytree(tiny_bundle, model)
    running = Managed(peer, model, tmp_path)
    yield running
    for process in running.processes.values():
        process.end()


def test_both_nodes_go_through_all_states_and_back_twice(managed: Managed) -> None:
    for _ in range(2):
        for transition, state in zip(
                TAKEN[:2], ('inactive', 'active'), strict=True):
            for node in managed.processes:
                assert managed.change(node, transition), node
                assert managed.state(node) == state
        managed.wait_for_detections()
        for transition, state in zip(
                TAKEN[2:], ('inactive', 'unconfigured'), strict=True):
            for node in managed.processes:
                assert managed.change(node, transition), node
                assert managed.state(node) == state
                statuses = managed.statuses[node]
                managed.peer.wait(lambda s=statuses, w=state: s and s[-1].state == w, 'the status')
    for process in managed.processes.values():
        assert 'Traceback' not in process.output
        assert process.output.count('inactive: listening to nothing until it is activated') == 2
        assert process.output.count('unconfigured: no model until it is configured') == 2


def test_an_inactive_server_is_not_woken_by_the_cameras(managed: Managed) -> None:
    node = managed.peer.node
    managed.peer.listen(CameraInfo, 'offboard/camera_info', SENSOR_DATA)
    for transition, listeners in zip(TAKEN[:3], (0, 1, 0), strict=True):
        assert managed.change('offboard', transition)
        managed.peer.wait(
            lambda wanted=listeners: node.count_subscribers('camera_info') == wanted,
            f'{listeners} subscribers of camera_info')


@pytest.mark.parametrize('node', ['onboard', 'offboard'])
def test_transitions_in_any_order_are_made_or_refused_and_end_nothing(
    managed: Managed, node: str
) -> None:
    made = [managed.change(node, transition) for transition in ANY_ORDER]
    assert [transition for transition, is_made in zip(ANY_ORDER, made, strict=True)
            if is_made] == TAKEN
    # Our words on Jazzy, rclpy's own on Kilted.
    assert re.search('transition 3 .*unconfigured', managed.processes[node].output)
    assert managed.enable(node, True).success
    assert managed.state(node) == 'active'


@pytest.mark.parametrize(('node', 'file'), [
    ('onboard', 'encoder_w050.onnx'), ('offboard', 'server.onnx')])
def test_a_transition_that_fails_says_why_and_can_be_tried_again(
    managed: Managed, node: str, file: str
) -> None:
    whole = (managed.model / file).read_bytes()
    (managed.model / file).write_bytes(whole[:100])
    assert not managed.change(node, CONFIGURE)
    assert managed.state(node) == 'unconfigured'
    assert str(managed.model / file) in managed.processes[node].output
    assert 'unconfigured as before, not inactive: ' in managed.processes[node].output
    answer = managed.enable(node, True)
    assert not answer.success and str(managed.model / file) in answer.message
    (managed.model / file).write_bytes(whole)
    assert managed.enable(node, True).success
    assert managed.state(node) == 'active'


def test_another_model_may_be_set_while_unconfigured_and_not_after(managed: Managed) -> None:
    assert managed.peer.set_parameters('onboard', model='/nowhere') == ''
    assert not managed.enable('onboard', True).success
    assert managed.peer.set_parameters('onboard', model=str(managed.model)) == ''
    assert managed.enable('onboard', True).success
    assert 'model is read-only' in managed.peer.set_parameters('onboard', model='/nowhere')


def test_a_disabled_node_idles_and_an_enabled_one_goes_on(managed: Managed) -> None:
    for node in managed.processes:
        assert managed.enable(node, True).success
    managed.wait_for_detections()
    working_s = {node: managed.processor_s(node) for node in managed.processes}
    for node in managed.processes:
        answer = managed.enable(node, False)
        assert (answer.success, answer.message) == (True, 'inactive')
    for node in managed.processes:
        # Of what it takes on this machine at work; next to nothing, but clocks tick coarsely.
        assert managed.processor_s(node) < 0.3 * working_s[node]
    count = len(managed.detections)
    for node in managed.processes:
        assert managed.enable(node, True).success
    managed.wait_for_detections()
    assert len(managed.detections) > count

    def adds_up() -> bool:
        status = managed.statuses['onboard'][-1]  # a frame may be in the encoder's hands
        return status.frames_in == status.frames_sent + sum(status.drop_counts)

    managed.peer.wait(adds_up, 'the sum of the counts')


def memory_mb(process: Process) -> float:
    """Return the memory of a process's own."""
    fields = dict(line.split(':', 1) for line in Path(
        f'/proc/{process.pid}/status').read_text().splitlines())
    return int(fields['RssAnon'].split()[0]) / 1024


def test_cleanup_gives_back_the_memory_of_the_server_s_model(
    peer: Peer, tmp_path: Path, nodes: list[Process]
) -> None:
    shipped = Managed(peer, Path('robocup'), tmp_path)
    nodes.extend(shipped.processes.values())
    for node in shipped.processes:
        assert shipped.enable(node, True).success
    shipped.wait_for_detections()
    working_mb = memory_mb(shipped.processes['offboard'])
    assert shipped.enable('offboard', False).success
    assert shipped.change('offboard', CLEANUP)
    # The networks, 20 MB, and what running them took: about 60. The libraries stay, 57 MB.
    assert memory_mb(shipped.processes['offboard']) < working_mb - 40.0


def test_an_ended_lifecycle_lets_the_process_end_in_peace(managed: Managed) -> None:
    assert managed.enable('onboard', True).success
    assert managed.change('onboard', Transition.TRANSITION_ACTIVE_SHUTDOWN)
    assert managed.state('onboard') == 'finalized'
    assert not managed.enable('onboard', True).success
    assert managed.processes['onboard'].end() == 0


def test_nodes_that_do_not_start_by_themselves_say_so(managed: Managed) -> None:
    for node, statuses in managed.statuses.items():
        managed.peer.wait(lambda s=statuses: s, f'a status of {node}')
        assert statuses[-1].state == 'unconfigured'
        assert managed.processes[node].is_running
