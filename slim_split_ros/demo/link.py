"""The plan of a demo with an emulated link between both sides, and what the link's page shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
import time

from slim_split_ros.demo.emulated_link_node import SENT
from slim_split_ros.demo.plan import put_link_between
from slim_split_ros.demo.processes import NodePlan
from slim_split_ros.demo.run import DemoRecord
from slim_split_ros.linklab import FrameRow, Schedule, Trace, make_timeline, read_trace
from slim_split_ros.reports.link_page import LinkRun
from slim_split_ros.ros.settings.onboard_parameters import OnboardSettings

_BITS_PER_KBIT = 1000.0


@dataclass(frozen=True, slots=True)
class DemoLink:
    """Hold a trace, and when it begins, seconds since 1970."""

    path: Path
    trace: Trace
    begins_s: float

    @classmethod
    def begin(cls, path: Path) -> DemoLink:
        """Read a trace that begins now; raise LinkLabError or OSError for what is none."""
        return cls(path, read_trace(path), time.time())

    def between(self, nodes: Sequence[NodePlan]) -> list[NodePlan]:
        """Put the link between the two sides."""
        return put_link_between(list(nodes), self.path, self.begins_s, SENT)


def describe_run(link: DemoLink, record: DemoRecord, seconds: float) -> LinkRun:
    """Return what the page of the link shows."""
    settings = OnboardSettings()
    deadline_s = settings.deadline_ms / 1000.0
    rows = _rows(link, record)
    schedule = Schedule(deadline_s, len(rows) / seconds, 0.0, seconds, with_loss=True)
    timeline = make_timeline(link.trace, schedule, rows, record.start_ns / 1e9 - link.begins_s)
    return LinkRun(
        trace=link.trace.name, policy=settings.policy, deadline_ms=settings.deadline_ms,
        fps=round(schedule.fps, 1),
        figures=(*_figures(rows, deadline_s, seconds), _back(record, seconds)),
        **{field.name: getattr(timeline, field.name) for field in fields(timeline)})


def _rows(link: DemoLink, record: DemoRecord) -> list[FrameRow]:
    """Return what became of each image, in seconds since measuring began."""
    start_s = record.start_ns / 1e9
    rows = []
    for seen in record.frames:
        row = FrameRow(seen.stamp_ns / 1e9 - start_s)
        if seen.width is not None:
            row.width, row.message_bytes = seen.width, seen.message_bytes
            row.sent_s = seen.sent_s - start_s
            if seen.arrived_s is not None:
                delay_s = link.trace.delay_s(seen.arrived_s - link.begins_s)
                row.left_queue_s = seen.arrived_s - delay_s - start_s
            if seen.answered_ns is not None:
                row.back_s = seen.answered_ns / 1e9 - start_s
        rows.append(row)
    return rows


def _back(record: DemoRecord, seconds: float) -> tuple[str, str]:
    back_bytes = record.report_bytes + sum(seen.answer_bytes for seen in record.frames)
    return ('mean rate back, answers and link reports',
            f'{back_bytes * 8.0 / _BITS_PER_KBIT / seconds:.0f} kbit/s')


def _figures(rows: list[FrameRow], deadline_s: float, seconds: float
             ) -> tuple[tuple[str, str], ...]:
    sent = [row for row in rows if row.sent_s is not None]
    delays_s = sorted(row.back_s - row.captured_s for row in rows if row.back_s is not None)
    on_time = sum(delay_s <= deadline_s for delay_s in delays_s)
    sent_kbps = sum(row.message_bytes for row in sent) * 8.0 / _BITS_PER_KBIT / seconds
    p95 = f'{1000.0 * delays_s[int(0.95 * (len(delays_s) - 1))]:.0f} ms' if delays_s else 'none'
    return (
        ('images of the camera', str(len(rows))),
        ('sent, of these back, of these on time', f'{len(sent)}, {len(delays_s)}, {on_time}'),
        ('on time, of all images', f'{on_time / max(1, len(rows)):.3f}'),
        ('95 % of frames are back within', p95),
        ('mean rate sent', f'{sent_kbps:.0f} kbit/s'))
