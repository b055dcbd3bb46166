"""What an operator reads on /diagnostics alone, while both nodes run for real."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import numpy as np
from onnx import TensorProto
import pytest
from sensor_msgs.msg import Image

from slim_split_ros.msg import EncodedFrame, LinkReport
from support.bundles import write_tiny_bundle
from support.detector_graphs import constant_graph, save
from support.processes import Process
from support.ros_peer import LIMIT_S, Peer
from support.split_system import (
    CHECKOUT,
    RELIABLE,
    SENSOR_DATA,
    image_message,
    patch_pixels,
    ros_arguments,
    start_node,
    start_slow_offboard,
)

pytestmark = pytest.mark.ros

OK, WARN = DiagnosticStatus.OK, DiagnosticStatus.WARN
ERROR, STALE = DiagnosticStatus.ERROR, DiagnosticStatus.STALE
FAILING_DETECTOR = """
import sys
from slim_split_ros.detectors import DetectorError
from slim_split_ros.ros import serving
from slim_split_ros.ros.offboard_node import main

load = serving.load_detector

def fail(*arguments):
    raise DetectorError('no memory is left')

def load_failing(file):
    detector = load(file)   # which tries it
    detector.detect = fail
    return detector

serving.load_detector = load_failing
sys.exit(main())
"""


class Operator:
    """Start nodes, show images, and read the diagnostics."""

    def __init__(self, peer: Peer, model: Path, logs: Path) -> None:
        self.peer, self.model, self.logs = peer, model, logs
        self.started: list[Process] = []
        self.encoding = 'bgr8'
        self._images = peer.publisher(Image, 'image', SENSOR_DATA)
        self._arrays = peer.listen(DiagnosticArray, '/diagnostics', RELIABLE)

    def onboard(self, **parameters: Any) -> Process:
        """Start the robot's node."""
        return self._keep(start_node(
            'onboard', self._log(), {'model': self.model, **parameters}))

    def offboard(self, model: Path | None = None, *remappings: str, **parameters: Any) -> Process:
        """Start the server's node."""
        return self._keep(start_node(
            'offboard', self._log(),
            {'model': model or self.model, 'device': 'cpu', **parameters}, remappings))

    def slow_offboard(self) -> Process:
        """Start one that takes 0.2 s for a frame."""
        return self._keep(start_slow_offboard(self._log(), {'model': self.model}, 0.2))

    def offboard_with_failing_detector(self, detector: Path) -> Process:
        """Start one whose detector loads, and fails at every frame."""
        arguments = ros_arguments({'model': self.model, 'device': 'cpu', 'detector': detector})
        return self._keep(Process.start(
            ['-c', FAILING_DETECTOR, *arguments], self._log(), CHECKOUT, {}))

    def forget(self) -> None:
        """Wait from now on for what is yet to be said."""
        self._arrays.clear()

    def reads(self, name: str, level: bytes, words: str, shows: bool = True) -> DiagnosticStatus:
        """Wait until a status has this level and these words, while images come or do not."""
        def found() -> list[DiagnosticStatus]:
            return [status for array in self._arrays[-8:] for status in array.status
                    if (status.name, status.level) == (name, level) and words in status.message]

        try:
            self.peer.repeat(self.show if shows else lambda: None, found, words, 0.1, LIMIT_S)
        except TimeoutError as error:
            said = {status.name: status.message for array in self._arrays[-8:]
                    for status in array.status}
            raise TimeoutError(f'{error}; the diagnostics say {said}') from None
        return found()[-1]

    def show(self) -> None:
        """Publish an image."""
        self._images.publish(image_message(patch_pixels(), time.time_ns(), self.encoding))

    def _keep(self, process: Process) -> Process:
        self.started.append(process)
        return process

    def _log(self) -> Path:
        return self.logs / f'node_{len(self.started)}.log'


@pytest.fixture
def operator(peer: Peer, tiny_bundle: Path, tmp_path: Path) -> Iterator[Operator]:
    running = Operator(peer, tiny_bundle, tmp_path)
    yield running
    for process in running.started:
        process.end()


def test_all_is_well_and_then_the_server_is_gone_and_then_the_camera(operator: Operator) -> None:
    operator.onboard()
    server = operator.offboard()
    for part, words in (('camera', 'images/s on /image'), ('encoder', 'frames/s'),
                        ('link', 'decides the width'), ('server', 'ms a frame'),
                        ('detections', 'ms after the image')):
        operator.reads(f'onboard: {part}', OK, words)
    status = operator.reads('onboard: encoder', OK, 'frames/s')
    assert {'width', 'coder', 'encode_ms', 'target_fps'} <= {pair.key for pair in status.values}
    operator.reads('offboard: model', OK, str(operator.model))
    operator.reads('offboard: robots', OK, 'frames/s of 1 robots')
    operator.reads('offboard: load', OK, 'ms a frame')

    server.end()
    operator.reads('onboard: server', ERROR, 'nobody gets /features: no node listens to it: start '
                   'the offboard node, in this namespace and ROS_DOMAIN_ID')
    operator.reads('onboard: link', STALE, 'no server listens to the frames')

    operator.peer.node.destroy_publisher(operator._images)
    operator.reads('onboard: camera', ERROR, 'nothing on /image: no node publishes it', False)


def test_who_listens_to_the_frames_and_never_reports_is_taken_for_no_server(
    operator: Operator
) -> None:
    operator.peer.listen(EncodedFrame, 'features', SENSOR_DATA)  # as `ros2 topic hz` does
    operator.onboard()
    operator.reads('onboard: server', ERROR, 'no server reports on /link_report: start the')
    operator.reads('onboard: link', STALE, 'no server listens to the frames')


def test_nothing_yet_is_stale_and_soon_an_error_of_the_camera(operator: Operator) -> None:
    operator.onboard()
    operator.offboard()
    operator.reads('onboard: camera', STALE, 'waiting for the first image on /image', False)
    operator.reads('offboard: robots', STALE, 'waiting for the first frame', False)
    operator.reads('onboard: camera', ERROR, 'nothing on /image: /peer publishes it, but', False)
    operator.reads('offboard: robots', WARN, 'nothing on /features: /onboard publishes it', False)


def test_a_node_that_waits_for_its_activation_is_stale(operator: Operator) -> None:
    operator.onboard(autostart=False)
    operator.reads('onboard: camera', STALE, 'unconfigured: configure and activate the node')


@pytest.mark.once
def test_images_of_an_unknown_encoding_are_an_error_of_the_camera(operator: Operator) -> None:
    operator.peer.listen(EncodedFrame, 'features', SENSOR_DATA)
    operator.encoding = 'thermal17'
    operator.onboard()
    operator.reads('onboard: camera', ERROR, "'thermal17'")
    operator.encoding = 'bgr8'
    operator.reads('onboard: camera', OK, 'images/s')


@pytest.mark.once
def test_a_server_without_a_word_is_an_error_of_the_link(operator: Operator) -> None:
    operator.peer.listen(EncodedFrame, 'features', SENSOR_DATA)
    operator.peer.publisher(LinkReport, 'link_report', SENSOR_DATA)
    operator.onboard()
    operator.reads('onboard: link', ERROR, 'the link is down, or the server hangs or refuses')


@pytest.mark.once
def test_a_server_that_takes_most_of_the_deadline_is_a_warning(operator: Operator) -> None:
    operator.onboard()
    operator.slow_offboard()
    operator.reads('onboard: server', WARN, 'ms of a deadline of 300: lower target_fps')


@pytest.mark.once
def test_another_model_is_an_error_on_both_sides(operator: Operator, tmp_path: Path) -> None:
    operator.onboard()
    operator.offboard(write_tiny_bundle(tmp_path / 'other', seed=1))
    operator.reads('offboard: robots', ERROR, 'fingerprint')
    operator.reads('onboard: link', ERROR, "look at the radio, then at the server's diagnostics")


def test_a_second_server_and_a_second_robot_are_warnings_until_they_end(
    operator: Operator
) -> None:
    operator.onboard()
    operator.offboard()
    second = operator.offboard(None, '__node:=other')
    operator.reads('onboard: server', WARN, '2 servers report on the frames of this node')
    robot = operator.onboard()
    operator.reads('onboard: link', WARN, '2 nodes publish /features: end all but one')
    for process in (second, robot):
        process.end()
    operator.forget()
    operator.reads('onboard: server', OK, 'ms a frame')
    operator.reads('onboard: link', OK, 'decides the width')


def test_a_quality_of_service_that_never_meets_is_an_error_of_the_server(
    operator: Operator
) -> None:
    operator.onboard()
    operator.offboard(**{'qos_overrides./features.subscription.reliability': 'reliable'})
    operator.reads('onboard: server', ERROR, '/offboard listens with an incompatible quality of '
                   'service')


@pytest.mark.once
def test_a_detector_that_does_not_load_is_an_error_of_the_model(
    operator: Operator, tmp_path: Path
) -> None:
    with_pictures = write_tiny_bundle(tmp_path / 'pictures', with_pictures=True)
    operator.offboard(with_pictures, detector='/nowhere.onnx')
    operator.reads('offboard: model', ERROR, '/nowhere.onnx', False)


@pytest.mark.once
def test_a_server_without_a_detector_is_no_warning_anywhere(
    operator: Operator, tmp_path: Path
) -> None:
    operator.model = write_tiny_bundle(tmp_path / 'pictures', with_pictures=True)
    operator.onboard()
    operator.offboard(detector='none')
    operator.reads('onboard: detections', OK, 'the server has no detector, or says in its own '
                   'diagnostics why it fails')
    operator.reads('offboard: model', OK, str(operator.model))


@pytest.mark.once
def test_a_detector_that_fails_at_every_frame_is_an_error_of_the_model_alone(
    operator: Operator, tmp_path: Path
) -> None:
    operator.model = write_tiny_bundle(tmp_path / 'pictures', with_pictures=True)
    box = np.float32([[[0, 80, 320, 200, 0.9, 0]]])
    detector = save(
        constant_graph({'output0': box}, TensorProto.FLOAT, (1, 3, 640, 640)), tmp_path)
    operator.onboard()
    operator.offboard_with_failing_detector(detector)
    operator.reads('offboard: model', ERROR, 'nothing detected: no memory is left')
    operator.reads('onboard: detections', OK, 'no answers come: the server has no detector, or')
