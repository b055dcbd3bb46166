"""A run over time: capacity, sent rate, width, queueing delay and on-time frames to plot."""

from dataclasses import dataclass
from itertools import pairwise
import math

from slim_split_ros.linklab.robot import FrameRow
from slim_split_ros.linklab.schedule import Schedule
from slim_split_ros.linklab.trace import Trace

BIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Timeline:
    """
    Hold what a run looked like, one value a bin or a sent frame.

    Bins have half a second, the last one what is left.
    """

    bin_s: tuple[float, ...]
    capacity_kbps: tuple[float, ...]
    sent_kbps: tuple[float, ...]
    on_time_share: tuple[float, ...]
    frame_s: tuple[float, ...]
    width: tuple[float, ...]
    queue_frame_s: tuple[float, ...]
    queue_ms: tuple[float, ...]


def make_timeline(trace: Trace, schedule: Schedule, rows: list[FrameRow],
                  begun_s: float = 0.0) -> Timeline:
    """Sum a run's rows in bins; the run began when the trace was at `begun_s`."""
    count = max(1, math.ceil(schedule.duration_s / BIN_S))
    edges = [index * BIN_S for index in range(count)] + [schedule.duration_s]
    lengths = [end - begin for begin, end in pairwise(edges)]
    carried = [trace.bits_until(begun_s + edge) for edge in edges]
    capacity = [(after - before) / length / 1000.0
                for (before, after), length in zip(pairwise(carried), lengths, strict=True)]
    sent, offered, on_time = [0.0] * count, [0] * count, [0] * count
    for row in rows:
        place = min(int(row.captured_s / BIN_S), count - 1)
        offered[place] += 1
        is_on_time = row.back_s is not None and \
            row.back_s <= row.captured_s + schedule.deadline_s
        on_time[place] += is_on_time
        if row.sent_s is not None:
            kbits = row.message_bytes * 8.0 / 1000.0
            place = min(int(row.sent_s / BIN_S), count - 1)
            sent[place] += kbits / lengths[place]
    went = [row for row in rows if row.sent_s is not None]
    served = [row for row in went if row.left_queue_s is not None]
    return Timeline(
        bin_s=tuple(edges[:-1]), capacity_kbps=tuple(capacity), sent_kbps=tuple(sent),
        on_time_share=tuple(good / max(1, all_) for good, all_
                            in zip(on_time, offered, strict=True)),
        frame_s=tuple(row.captured_s for row in went),
        width=tuple(row.width for row in went),
        queue_frame_s=tuple(row.captured_s for row in served),
        queue_ms=tuple((row.left_queue_s - row.sent_s) * 1000.0 for row in served))
