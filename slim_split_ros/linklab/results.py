"""
What a run amounts to: the figures of architecture.md, and the rows behind them.

Plain data in and out; the command writes it as JSON.
"""

from dataclasses import asdict, dataclass

from slim_split_ros.linklab.emulator import FrameRow
from slim_split_ros.linklab.feasible import count_feasible
from slim_split_ros.linklab.frames import FrameTable
from slim_split_ros.linklab.oracle import oracle_ap50
from slim_split_ros.linklab.schedule import Schedule
from slim_split_ros.linklab.trace import Trace

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Results:
    """Hold the figures of one run; shares from 0 to 1."""

    trace: str
    policy: str
    offered: int
    feasible: int
    on_time_frames: int
    on_time: float
    mean_ap50: float
    oracle_ap50: float
    utilisation: float
    p95_ms: float | None
    width_changes_per_min: float
    skipped: int
    lost: int
    late: int
    emulated_per_real_time: float | None
    frames: list[tuple[float, float | None, int, float | None]]

    def as_json(self) -> dict:
        """Give plain data; `frames` has rows of t, width, bytes and t_done."""
        plain = asdict(self)
        plain['frame_columns'] = ['t', 'width', 'bytes', 't_done']
        return plain


@dataclass(frozen=True, slots=True)
class Reference:
    """Hold what a run is measured against; the same for every policy."""

    feasible: int
    oracle_ap50: float


def make_reference(trace: Trace, frames: FrameTable, schedule: Schedule) -> Reference:
    """Compute the feasible frames and the oracle's accuracy."""
    return Reference(count_feasible(trace, frames, schedule),
                     oracle_ap50(trace, frames, schedule))


def summarize(trace: Trace, policy: str, schedule: Schedule, rows: list[FrameRow],
              reference: Reference, elapsed_s: float | None = None) -> Results:
    """Count what became of every offered frame."""
    deadline_s = schedule.deadline_s
    on_time = [row for row in rows if row.back_s is not None
               and row.back_s <= row.captured_s + deadline_s]
    sent = [row for row in rows if row.sent_s is not None]
    back = [row for row in sent if row.back_s is not None]
    capacity_bits = trace.bits_until(schedule.duration_s)
    carried_bits = 8.0 * sum(row.bytes for row in sent if row.left_queue_s is not None
                             and row.left_queue_s <= schedule.duration_s)
    return Results(
        trace=trace.name, policy=policy, offered=len(rows), feasible=reference.feasible,
        on_time_frames=len(on_time),
        on_time=min(1.0, len(on_time) / reference.feasible) if reference.feasible else 1.0,
        mean_ap50=sum(row.ap50 for row in on_time) / len(rows),
        oracle_ap50=reference.oracle_ap50,
        utilisation=carried_bits / capacity_bits if capacity_bits else 0.0,
        p95_ms=_p95_ms(back),
        width_changes_per_min=_width_changes(sent) * MINUTE_S / schedule.duration_s,
        skipped=len(rows) - len(sent), lost=len(sent) - len(back),
        late=len(back) - len(on_time),
        emulated_per_real_time=schedule.duration_s / elapsed_s if elapsed_s else None,
        frames=[(round(row.captured_s, 6), row.width, row.bytes,
                 None if row.back_s is None else round(row.back_s, 6)) for row in rows])


def _p95_ms(back: list[FrameRow]) -> float | None:
    """Give the 95th percentile of capture to detections back, of frames that came back."""
    delays_ms = sorted((row.back_s - row.captured_s) * 1000.0 for row in back)
    return delays_ms[int(0.95 * (len(delays_ms) - 1))] if delays_ms else None


def _width_changes(sent: list[FrameRow]) -> int:
    """Count how often successive sent frames differ in width."""
    widths = [row.width for row in sent]
    return sum(one != other for one, other in zip(widths, widths[1:], strict=False))
