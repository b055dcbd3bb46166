"""What came of a run over the real link, beside the emulation on the same terms."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from slim_split_ros.control import OperatingPoints
from slim_split_ros.linklab.namespaces import PACKETS
from slim_split_ros.linklab.results import percentile_95
from slim_split_ros.linklab.run import RunSettings, run_emulation
from slim_split_ros.linklab.trace import Trace

LEAST_FPS = 0.1


@dataclass(frozen=True, slots=True)
class RealFrame:
    """Hold one frame that was sent over the real link; seconds of the trace."""

    captured_s: float
    width: float
    message_bytes: int
    back_s: float | None


@dataclass(frozen=True, slots=True)
class RealRun:
    """
    Hold what came of a real run.

    `offered` counts the camera's frames of that time; `unloaded_s` is the median from capture
    to detections over the open link just before, which is what processor and middleware take.
    """

    offered: int
    frames: tuple[RealFrame, ...]
    unloaded_s: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Hold the shares of the offered frames that were on time, real and emulated."""

    trace: str
    fps: float
    real: RealRun
    on_time_share: float
    emulated_on_time_share: float
    p95_ms: float | None

    def as_json(self) -> dict:
        """Give plain data; `frames` has rows of captured_s, width, bytes and back_s."""
        return {'trace': self.trace, 'offered': self.real.offered, 'sent': len(self.real.frames),
                'on_time_share': self.on_time_share,
                'emulated_on_time_share': self.emulated_on_time_share, 'p95_ms': self.p95_ms,
                'unloaded_ms': self.real.unloaded_s * 1000.0,
                'frames': [[frame.captured_s, frame.width, frame.message_bytes, frame.back_s]
                           for frame in self.real.frames]}


def compare(trace: Trace, real: RealRun, points: OperatingPoints, settings: RunSettings,
            measured_bytes: NDArray[np.int64] | None = None) -> Comparison:
    """
    Emulate the trace with the camera's real pace and what processor and middleware take.

    Without delays, which the real link does not have, and with its packets.
    """
    bare = Trace(trace.name, [replace(row, delay_ms=0.0) for row in trace.rows])
    fps = real.offered / trace.duration_s
    least_s = min(point.encode_ms for point in points) / 1000.0
    same = replace(settings, server_s=max(0.0, real.unloaded_s - least_s), packets=PACKETS,
                   control=replace(settings.control, target_fps=max(fps, LEAST_FPS)))
    emulated = run_emulation(bare, points, same, measured_bytes).results
    took_s = [frame.back_s - frame.captured_s for frame in real.frames
              if frame.back_s is not None]
    on_time = sum(each_s <= settings.control.deadline_s for each_s in took_s)
    return Comparison(
        trace.name, fps, real, on_time / max(1, real.offered),
        emulated.on_time_frames / emulated.offered,
        percentile_95([each_s * 1000.0 for each_s in took_s]))
