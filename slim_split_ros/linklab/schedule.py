"""When frames are offered and when their detections are back: the run's fixed times."""

from dataclasses import dataclass
from math import inf

from slim_split_ros.linklab.link import Packets
from slim_split_ros.linklab.trace import Trace


@dataclass(frozen=True, slots=True)
class Schedule:
    """Hold what every figure of one run shares."""

    deadline_s: float
    fps: float
    server_s: float
    duration_s: float
    with_loss: bool
    packets: Packets = Packets()

    @property
    def frame_count(self) -> int:
        """Count the offered frames."""
        return max(1, round(self.duration_s * self.fps))

    def capture_s(self, frame: int) -> float:
        """Give when a frame is captured."""
        return frame / self.fps

    def back_s(self, trace: Trace, left_queue_s: float) -> float:
        """Give when detections are back of a frame whose last bit left the queue then."""
        if left_queue_s == inf:
            return inf
        served_s = left_queue_s + trace.delay_s(left_queue_s) + self.server_s
        return served_s + trace.delay_s(served_s)
