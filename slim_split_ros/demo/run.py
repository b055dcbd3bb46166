"""
The nodes of a demo run together for a while as the width changes from frame to frame.

It starts processes, waits for conditions, and records; what the record says is not its business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
import os
from pathlib import Path
import time

import psutil
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter_client import AsyncParameterClient
from rclpy.signals import SignalHandlerOptions

from slim_split_ros.demo.errors import DemoError
from slim_split_ros.demo.interruption import Interruption
from slim_split_ros.demo.observer import FrameRecord, Observer
from slim_split_ros.demo.processes import ChildProcess, NodePlan, end_all
from slim_split_ros.demo.width_turns import WidthSetter
from slim_split_ros.reports.demo_page import ProcessRow

# Called with the seconds since measuring began.
Progress = Callable[[float], None]

_START_LIMIT_S = 60.0
# The last frames are still under way when the time is over, and the last image is being encoded.
_LAST_ANSWER_LIMIT_S = 2.0
_LAST_IMAGE_S = 0.5
_SPIN_S = 0.05
_BYTES_PER_MB = 1e6


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """
    Hold what to run: camera and onboard first, offboard last.

    The widths take turns from frame to frame; without any the node chooses. `sent` is the folder
    of topics that the robot publishes in where a link lies between both sides.
    """

    nodes: tuple[NodePlan, ...]
    widths: tuple[float, ...]
    seconds: float
    pictures_period_s: float
    folder: Path
    sent: str | None = None


@dataclass(frozen=True, slots=True)
class DemoRecord:
    """
    Hold what was observed; `first_payload_s` and `first_answer_s` count from the start.

    `frames` are all that the camera took, encoded or not; `drops` and the bytes of link reports
    are counted over the same time.
    """

    frames: tuple[FrameRecord, ...]
    start_ns: int
    drops: Mapping[str, int]
    processes: tuple[ProcessRow, ...]
    first_payload_s: float
    first_answer_s: float
    report_bytes: int


def run_demo(
    plan: DemoPlan, environment: Mapping[str, str], on_progress: Progress
) -> DemoRecord:
    """
    Run the plan and return the record; raise DemoError for whatever keeps it from its end.

    `environment` becomes that of this process too, so that it talks to the nodes; they have
    ended when it returns, however it does.
    """
    os.environ.clear()
    os.environ.update(environment)
    children: list[ChildProcess] = []
    with Interruption() as interruption:
        try:
            started_s = time.monotonic()
            for node in plan.nodes:
                log = plan.folder / f'{node.name}.log'
                children.append(ChildProcess(node.name, node.command(), log, environment))
            with _Session(plan, children, interruption, started_s) as session:
                return session.record(on_progress)
        finally:
            end_all(children)


class _Session:
    """Hold the observer beside the running nodes."""

    def __init__(
        self, plan: DemoPlan, children: list[ChildProcess], interruption: Interruption,
        started_s: float,
    ) -> None:
        self._plan = plan
        self._children = children
        self._interruption = interruption
        self._started_s = started_s
        # Ctrl-C is Interruption's: rclpy would end the context in the middle of a call.
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        self._observer = Observer(plan.pictures_period_s, plan.sent)
        self._client = AsyncParameterClient(self._observer, 'onboard')
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._observer)

    def __enter__(self) -> _Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()
        self._observer.destroy_node()
        rclpy.try_shutdown()

    def record(self, on_progress: Progress) -> DemoRecord:
        """Wait for the first detections, watch for the time of the plan, return what was seen."""
        first_payload_s = self._wait_for_payload()
        first_answer_s = self._wait_for_answer()
        start_ns, start_s = time.time_ns(), time.monotonic()
        busy_s = [_busy_s(child) for child in self._children]
        drops_before = Counter(self._observer.drops)
        reports_before = self._observer.report_bytes
        self._watch(start_s, on_progress)
        report_bytes = self._observer.report_bytes - reports_before
        processes = self._weigh(busy_s, time.monotonic() - start_s)
        frames = self._take_last(start_ns)
        return DemoRecord(
            frames, start_ns, Counter(self._observer.drops) - drops_before, processes,
            first_payload_s, first_answer_s, report_bytes)

    def _wait_for_payload(self) -> float:
        camera, onboard = self._children[0], self._children[1]
        self._spin_until(
            lambda: self._observer.images_seen, _START_LIMIT_S,
            lambda: f'no camera image came within {_START_LIMIT_S:.0f} s; {_told(camera)}')
        self._spin_until(
            lambda: self._observer.encoded, _START_LIMIT_S,
            lambda: f'images come, but no encoded frame did within {_START_LIMIT_S:.0f} s; '
                    f'{_told(onboard)}')
        return time.monotonic() - self._started_s

    def _wait_for_answer(self) -> float:
        offboard = self._children[-1]
        self._spin_until(
            lambda: self._observer.answers > 0, _START_LIMIT_S,
            lambda: f'encoded frames come, but no detections did within {_START_LIMIT_S:.0f} s; '
                    f'{_told(offboard)}')
        answered_s = time.monotonic() - self._started_s
        self._spin_until(
            self._client.services_are_ready, _START_LIMIT_S,
            lambda: f'the parameters of the onboard node were not found within '
                    f'{_START_LIMIT_S:.0f} s')
        return answered_s

    def _watch(self, start_s: float, on_progress: Progress) -> None:
        encoded = self._observer.encoded
        setter = WidthSetter(self._plan.widths, self._client, len(encoded))
        while (now_s := time.monotonic()) - start_s < self._plan.seconds:
            on_progress(now_s - start_s)
            self._spin_once()
            setter.follow(encoded)
        on_progress(self._plan.seconds)

    def _take_last(self, start_ns: int) -> tuple[FrameRecord, ...]:
        """Return the frames up to now, once their detections have come or had time to."""
        now_ns, now_s = time.time_ns(), time.monotonic()
        while True:
            taken = tuple(seen for seen in self._observer.captured_since(start_ns)
                          if seen.stamp_ns < now_ns)
            waiting = [seen for seen in taken if seen.width is not None and seen.found is None]
            if time.monotonic() - now_s > (_LAST_ANSWER_LIMIT_S if waiting else _LAST_IMAGE_S):
                return taken
            self._spin_once()

    def _weigh(self, busy_before_s: list[float], duration_s: float) -> tuple[ProcessRow, ...]:
        return tuple(
            ProcessRow(child.name, _resident_mb(child), (_busy_s(child) - before_s) / duration_s)
            for child, before_s in zip(self._children, busy_before_s, strict=True))

    def _spin_until(
        self, is_reached: Callable[[], bool], limit_s: float, failure: Callable[[], str]
    ) -> None:
        give_up_s = time.monotonic() + limit_s
        while not is_reached():
            if time.monotonic() > give_up_s:
                raise DemoError(failure())
            self._spin_once()

    def _spin_once(self) -> None:
        self._executor.spin_once(timeout_sec=_SPIN_S)
        self._interruption.check()
        for child in self._children:
            child.check()


def _told(child: ChildProcess) -> str:
    return f'{child.name} printed last: {child.last_lines()} ({child.log})'


def _resident_mb(child: ChildProcess) -> float:
    return _ask(child, lambda process: process.memory_info().rss / _BYTES_PER_MB)


def _busy_s(child: ChildProcess) -> float:
    return _ask(child, lambda process: sum(process.cpu_times()[:2]))  # user, system


def _ask(child: ChildProcess, question: Callable[[psutil.Process], float]) -> float:
    try:
        return question(psutil.Process(child.pid))
    except psutil.Error:
        child.check()  # it has just ended: say how
        raise
