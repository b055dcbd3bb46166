"""When frames are offered and when their detections are back: the run's fixed times."""

from dataclasses import dataclass
from math import inf

from slim_split_ros.linklab.link import Packets
from slim_split_ros.linklab.share import TraceShare
from slim_split_ros.linklab.trace import Trace


@dataclass(frozen=True, slots=True)
class Schedule:
    """Hold what every figure of one run shares; `phase_s` is when the camera's first frame is."""

    deadline_s: float
    fps: float
    server_s: float
    duration_s: float
    with_loss: bool
    packets: Packets = Packets()
    phase_s: float = 0.0

    @property
    def frame_count(self) -> int:
        """Count the offered frames."""
        return max(1, round(self.duration_s * self.fps))

    def capture_s(self, frame: int) -> float:
        """Give when a frame is captured."""
        return self.phase_s + frame / self.fps

    @property
    def end_s(self) -> float:
        """Give when the run is over."""
        return self.phase_s + self.duration_s

    def back_s(self, trace: Trace | TraceShare, left_queue_s: float) -> float:
        """Give when detections are back of a frame whose last bit left the queue then."""
        if left_queue_s == inf:
            return inf
        served_s = left_queue_s + trace.delay_s(left_queue_s) + self.server_s
        return served_s + trace.delay_s(served_s)
