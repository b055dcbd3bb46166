"""A run of the emulation: what is settled about it beside the trace, and what comes of it."""

from dataclasses import dataclass
import time

import numpy as np
from numpy.typing import NDArray

from slim_split_ros.control import ControlSettings, OperatingPoints, PolicyName, WidthController
from slim_split_ros.linklab.emulator import emulate
from slim_split_ros.linklab.errors import RunError
from slim_split_ros.linklab.frames import make_frames
from slim_split_ros.linklab.link import Packets
from slim_split_ros.linklab.results import Results, make_reference, summarize
from slim_split_ros.linklab.robot import FrameRow
from slim_split_ros.linklab.schedule import Schedule
from slim_split_ros.linklab.trace import Trace

MOST_SERVER_S = 60.0


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Hold what a run is on any trace; `control` has deadline, pace and policy."""

    control: ControlSettings
    server_s: float = 0.025
    with_loss: bool = True
    seed: int = 0
    packets: Packets = Packets()

    def __post_init__(self) -> None:
        """Raise RunError for a server's time out of range."""
        if not 0.0 <= self.server_s <= MOST_SERVER_S:
            raise RunError(f'server_s is {self.server_s}, has to be in [0, {MOST_SERVER_S:.0f}]')

    @property
    def policy_label(self) -> str:
        """Name the policy, and the width where it is pinned."""
        policy, width = self.control.policy, self.control.pinned_width
        return f'fixed {width}' if policy is PolicyName.FIXED else policy.value

    def schedule(self, trace: Trace) -> Schedule:
        """Give the times of a run as long as the trace."""
        return Schedule(self.control.deadline_s, self.control.target_fps, self.server_s,
                        trace.duration_s, self.with_loss, self.packets)


@dataclass(frozen=True, slots=True)
class Run:
    """Hold what became of every offered frame, and the figures."""

    schedule: Schedule
    rows: list[FrameRow]
    results: Results


def run_emulation(trace: Trace, points: OperatingPoints, settings: RunSettings,
                  measured_bytes: NDArray[np.int64] | None = None) -> Run:
    """
    Emulate one trace from its begin to its end.

    `measured_bytes` is what `parse_sizes` gives, of these points; without, sizes are drawn.
    """
    schedule = settings.schedule(trace)
    frames = make_frames(tuple(points), schedule.frame_count, settings.seed, measured_bytes)
    controller = WidthController(points, settings.control)
    begun_s = time.perf_counter()
    rows = emulate(trace, frames, schedule, controller, settings.seed)
    elapsed_s = time.perf_counter() - begun_s
    reference = make_reference(trace, frames, schedule)
    return Run(schedule, rows, summarize(
        trace, settings.policy_label, schedule, rows, reference, elapsed_s))
