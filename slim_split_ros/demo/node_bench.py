"""The onboard node and a republisher of JPEG as processes that get the same images, by turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import os
from pathlib import Path
import time

import numpy as np
import psutil
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from slim_split_ros.demo.errors import DemoError
from slim_split_ros.demo.interruption import Interruption
from slim_split_ros.demo.processes import ChildProcess, NodePlan, end_all
from slim_split_ros.msg import EncodedFrame
from slim_split_ros.ros.topics.messages import make_image, to_ns, to_stamp
from slim_split_ros.ros.topics.qos import SENSOR_DATA

STAGE = 'image to message'
RUNTIME = 'rclpy'
_START_LIMIT_S = 60.0
_SETTLE_S = 1.0
_MS_PER_S, _BYTES_PER_MB, _PERCENT = 1e3, 1e6, 100.0


@dataclass(frozen=True, slots=True)
class NodeRow:
    """
    Hold what a node takes: from an image's publishing to its message's arrival, in this process.

    `start_s` is from the start of the process to its first message; `cpu_percent` of one core at
    the rate of the images, `cpu_ms` the processor's time for each.
    """

    name: str
    stage: str
    runtime: str
    width: float | None
    threads: int
    p50_ms: float
    p95_ms: float
    rss_mb: float
    start_s: float
    cpu_percent: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class NodeSubject:
    """Hold a node that is measured, and the type and topic of what it makes of an image."""

    name: str
    width: float | None
    plan: NodePlan
    kind: type
    topic: str


def node_subjects(model: Path, widths: Sequence[float], fps: float) -> list[NodeSubject]:
    """Return the onboard node at each width, and the republisher."""
    onboard = [
        NodeSubject('onboard', width, NodePlan('onboard', 'slim_split_ros.ros.onboard_node', {
            'model': str(model), 'width': width, 'target_fps': fps}), EncodedFrame, 'features')
        for width in widths]
    return [*onboard, NodeSubject(
        'jpeg 80 republisher', None,
        NodePlan('jpeg_republisher', 'slim_split_ros.demo.jpeg_republisher_node'),
        CompressedImage, 'image/compressed')]


def bench_nodes(
    subjects: Sequence[NodeSubject], frames: Sequence[np.ndarray], fps: float, seconds: float,
    folder: Path, environment: Mapping[str, str],
) -> list[NodeRow]:
    """Start one node after the other; raise DemoError for one that gives nothing."""
    os.environ.clear()
    os.environ.update(environment)
    folder.mkdir(parents=True, exist_ok=True)
    with Interruption() as interruption:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        try:
            return [_Session(subject, frames, fps, folder, interruption).run(seconds, environment)
                    for subject in subjects]
        finally:
            rclpy.try_shutdown()


class _Session:
    """Publish images to one node, and note when its messages come."""

    def __init__(
        self, subject: NodeSubject, frames: Sequence[np.ndarray], fps: float, folder: Path,
        interruption: Interruption,
    ) -> None:
        self._subject, self._period_s = subject, 1.0 / fps
        self._interruption = interruption
        self._log = folder / f'{subject.plan.name}_{round(100 * (subject.width or 0)):03d}.log'
        self._node = Node('bench')
        self._images = [make_image(frame, Header(frame_id='camera')) for frame in frames]
        self._publisher = self._node.create_publisher(
            type(self._images[0]), 'image', SENSOR_DATA)
        self._node.create_subscription(subject.kind, subject.topic, self._on_message, SENSOR_DATA)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._published_s: dict[int, float] = {}
        self._delays_ms: list[float] = []
        self._next_s = 0.0
        self._count = 0

    def run(self, seconds: float, environment: Mapping[str, str]) -> NodeRow:
        started_s = time.monotonic()
        child = ChildProcess(
            self._subject.name, self._subject.plan.command(), self._log, environment)
        try:
            self._publish_until(child, lambda: bool(self._delays_ms), _START_LIMIT_S)
            if not self._delays_ms:
                raise DemoError(f'{child.name} made nothing of images within '
                                f'{_START_LIMIT_S:.0f} s ({self._log}): {child.last_lines()}')
            start_s = time.monotonic() - started_s
            self._publish_until(child, lambda: False, _SETTLE_S)
            return self._measure(child, seconds, start_s)
        finally:
            end_all([child])
            self._executor.shutdown()
            self._node.destroy_node()

    def _measure(self, child: ChildProcess, seconds: float, start_s: float) -> NodeRow:
        process = psutil.Process(child.pid)
        self._delays_ms.clear()
        begun_s, busy_s, count = time.monotonic(), _busy_s(process), self._count
        self._publish_until(child, lambda: False, seconds)
        took_s, spent_s = time.monotonic() - begun_s, _busy_s(process) - busy_s
        images = max(1, self._count - count)
        if not self._delays_ms:
            raise DemoError(f'{child.name} made nothing of {self._count - count} images in '
                            f'{seconds:g} s: watch it for longer with --seconds')
        p50_ms, p95_ms = np.percentile(self._delays_ms, (50, 95))
        return NodeRow(
            self._subject.name, STAGE, RUNTIME, self._subject.width, 1, round(float(p50_ms), 3),
            round(float(p95_ms), 3), round(process.memory_info().rss / _BYTES_PER_MB, 1),
            round(start_s, 3), round(_PERCENT * spent_s / took_s, 2),
            round(_MS_PER_S * spent_s / images, 3))

    def _publish_until(
        self, child: ChildProcess, is_done: Callable[[], bool], limit_s: float
    ) -> None:
        give_up_s = time.monotonic() + limit_s
        while not is_done() and (now_s := time.monotonic()) < give_up_s:
            child.check()
            self._interruption.check()
            if now_s >= self._next_s:
                self._next_s = max(self._next_s + self._period_s, now_s)
                self._publish()
            self._executor.spin_once(timeout_sec=max(0.0, self._next_s - time.monotonic()))

    def _publish(self) -> None:
        image = self._images[self._count % len(self._images)]
        stamp_ns = time.time_ns()
        image.header.stamp = to_stamp(stamp_ns)
        self._count += 1
        self._published_s[stamp_ns] = time.monotonic()
        self._publisher.publish(image)

    def _on_message(self, message: object) -> None:
        published_s = self._published_s.pop(to_ns(message.header.stamp), None)
        if published_s is not None:
            self._delays_ms.append(_MS_PER_S * (time.monotonic() - published_s))


def _busy_s(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])  # user, system
