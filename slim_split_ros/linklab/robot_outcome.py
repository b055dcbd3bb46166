"""What became of one robot's frames, in figures that can be summed over a fleet."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from slim_split_ros.linklab.robot import FrameRow


@dataclass(frozen=True, slots=True)
class RobotOutcome:
    """
    Count a robot's frames: of those offered, those sent, served and on time; late ones are served.

    Means are of the frames that were sent, of accuracy of those offered; `points` counts sent
    frames by coder, width, rate and whether they are alone, `reasons` offered ones.
    """

    offered: int
    sent: int
    served: int
    on_time: int
    late: int
    undecodable: int
    mean_width: float
    mean_bytes: float
    mean_ap50: float
    points: Counter[tuple[str, float, int, bool]]
    reasons: Counter[str]

    @property
    def lost(self) -> int:
        """Count those that were sent and not served: by the link, or by the server."""
        return self.sent - self.served


def summarize_robot(rows: Sequence[FrameRow], deadline_s: float) -> RobotOutcome:
    """Sum up what became of each offered frame."""
    sent = [row for row in rows if row.sent_s is not None]
    back = [row for row in sent if row.back_s is not None]
    on_time = [row for row in back if row.back_s <= row.captured_s + deadline_s]
    return RobotOutcome(
        offered=len(rows), sent=len(sent), served=len(back), on_time=len(on_time),
        late=len(back) - len(on_time), undecodable=sum(row.is_undecodable for row in sent),
        mean_width=sum(row.width for row in sent) / max(1, len(sent)),
        mean_bytes=sum(row.message_bytes for row in sent) / max(1, len(sent)),
        mean_ap50=sum(row.ap50 for row in on_time) / max(1, len(rows)),
        points=Counter((row.coder, row.width, row.rate, row.alone) for row in sent),
        reasons=Counter(row.reason.value for row in rows if row.reason is not None))
