"""What runs amount to: the figures of docs/control.md, and the rows behind them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from slim_split_ros.linklab.feasible import count_feasible
from slim_split_ros.linklab.frames import FrameTable
from slim_split_ros.linklab.oracle import oracle_ap50
from slim_split_ros.linklab.robot import FrameRow
from slim_split_ros.linklab.schedule import Schedule
from slim_split_ros.linklab.trace import Trace

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Results:
    """
    Hold the figures of one run; shares from 0 to 1.

    `undecodable` are those of the lost that arrived without a frame that they need; shares of
    coders and of frames that are alone are of the frames that were sent.
    """

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
    undecodable: int
    alone_share: float
    coder_shares: dict[str, float]
    emulated_per_real_time: float | None
    frames: list[tuple[float, float | None, int, float | None, str | None, bool | None]]

    @property
    def share_of_oracle(self) -> float:
        """Divide the mean AP50 by the oracle's; 1 where even that gets nothing."""
        return self.mean_ap50 / self.oracle_ap50 if self.oracle_ap50 else 1.0

    def as_json(self) -> dict:
        """Give plain data; `frames` has rows of `frame_columns`."""
        plain = asdict(self)
        plain['frame_columns'] = ['t', 'width', 'bytes', 't_done', 'coder', 'alone']
        return plain


@dataclass(frozen=True, slots=True)
class Means:
    """Hold the means over several runs, and the least."""

    on_time: float
    least_on_time: float
    mean_ap50: float
    share_of_oracle: float
    least_share_of_oracle: float


@dataclass(frozen=True, slots=True)
class Reference:
    """
    Hold what a run is measured against; the same for every policy.

    It is of the points that are alone: what leans on others makes no bound that is known.
    """

    feasible: int
    oracle_ap50: float


def make_reference(trace: Trace, frames: FrameTable, schedule: Schedule) -> Reference:
    """Compute the feasible frames and the oracle's accuracy."""
    frames = frames.only_alone()
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
    carried_bits = 8.0 * sum(row.message_bytes for row in sent if row.left_queue_s is not None
                             and row.left_queue_s <= schedule.duration_s)
    return Results(
        trace=trace.name, policy=policy, offered=len(rows), feasible=reference.feasible,
        on_time_frames=len(on_time),
        on_time=min(1.0, len(on_time) / reference.feasible) if reference.feasible else 1.0,
        mean_ap50=sum(row.ap50 for row in on_time) / len(rows),
        oracle_ap50=reference.oracle_ap50,
        utilisation=carried_bits / capacity_bits if capacity_bits else 0.0,
        p95_ms=percentile_95([(row.back_s - row.captured_s) * 1000.0 for row in back]),
        width_changes_per_min=_width_changes(sent) * MINUTE_S / schedule.duration_s,
        skipped=len(rows) - len(sent), lost=len(sent) - len(back),
        late=len(back) - len(on_time), undecodable=sum(row.is_undecodable for row in sent),
        alone_share=_share([row.alone for row in sent], True), coder_shares={
            coder: _share([row.coder for row in sent], coder)
            for coder in sorted({row.coder for row in sent})},
        emulated_per_real_time=schedule.duration_s / elapsed_s if elapsed_s else None,
        frames=[(round(row.captured_s, 6), row.width, row.message_bytes,
                 None if row.back_s is None else round(row.back_s, 6), row.coder, row.alone)
                for row in rows])


def average(results: Sequence[Results]) -> Means:
    """Average at least one run."""
    on_time = [result.on_time for result in results]
    shares = [result.share_of_oracle for result in results]
    mean_ap50 = sum(result.mean_ap50 for result in results) / len(results)
    return Means(sum(on_time) / len(results), min(on_time), mean_ap50,
                 sum(shares) / len(results), min(shares))


def percentile_95(values: list[float]) -> float | None:
    """Give the 95th percentile, a value that occurred; None of none."""
    return sorted(values)[int(0.95 * (len(values) - 1))] if values else None


def _share(values: list, value: object) -> float:
    return values.count(value) / len(values) if values else 0.0


def _width_changes(sent: list[FrameRow]) -> int:
    """Count how often successive sent frames differ in width."""
    widths = [row.width for row in sent]
    return sum(one != other for one, other in zip(widths, widths[1:], strict=False))
