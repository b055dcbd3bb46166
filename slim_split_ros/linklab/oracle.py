"""
The best that a sender could do which knows the trace and every frame's bytes.

Dynamic programming, last frame first, over the queue's backlog at each capture in steps of
1 ms (architecture.md). With loss it maximizes the expectation, as no sender knows the dice.
"""

import numpy as np
from numpy.typing import NDArray

from slim_split_ros.linklab.frames import FrameTable
from slim_split_ros.linklab.link import DATAGRAM_BYTES
from slim_split_ros.linklab.schedule import Schedule
from slim_split_ros.linklab.trace import Trace

# Resolution of the table from bits carried to time: 32 bits last 0.3 ms at 100 kbit/s.
BITS_PER_CELL = 32.0
MS = 1000.0
FRAMES_AT_ONCE = 64


def oracle_ap50(trace: Trace, frames: FrameTable, schedule: Schedule) -> float:
    """Give the largest mean_ap50 of any choice per frame, skipping included."""
    grid = _Grid(trace, schedule)
    captured_ms = np.array([int(schedule.capture_s(frame) * MS)
                            for frame in range(schedule.frame_count)])
    # A frame that would begin later than this is late on the fastest path.
    longest_ms = int(schedule.deadline_s * MS) - int(grid.least_way_ms)
    backlogs_ms = np.arange(max(longest_ms, 0) + 1)
    value = np.zeros(len(backlogs_ms))
    later_ms = captured_ms[-1] + 1
    for end in range(schedule.frame_count, 0, -FRAMES_AT_ONCE):
        first = max(0, end - FRAMES_AT_ONCE)
        gain, finish_ms = _outcomes(grid, frames, schedule, first, end, backlogs_ms)
        for frame in range(end - 1, first - 1, -1):
            left_ms = np.clip(finish_ms[frame - first] - later_ms, 0, len(value) - 1)
            sent = (gain[frame - first] + value[left_ms]).max(axis=1)
            step_ms = later_ms - captured_ms[frame]
            skipped = value[np.clip(backlogs_ms - step_ms, 0, None)]
            value = np.maximum(sent, skipped)
            later_ms = captured_ms[frame]
    return float(value[0]) / schedule.frame_count


class _Grid:
    """Hold the trace on a grid of milliseconds and of bits."""

    def __init__(self, trace: Trace, schedule: Schedule) -> None:
        end_s = schedule.duration_s + 2.0 * schedule.deadline_s
        count = int(end_s * MS) + 2
        turns = int(end_s // trace.duration_s) + 1
        begins = np.array([row.t_s - trace.rows[0].t_s for row in trace.rows])
        edges = np.concatenate([begins + turn * trace.duration_s for turn in range(turns)]
                               + [np.array([turns * trace.duration_s])])
        edge_bits = np.array([trace.bits_until(edge) for edge in edges])
        self.bits = np.interp(np.arange(count) / MS, edges, edge_bits)
        self.finish_ms = _finish_ms(edges, edge_bits)
        step = np.searchsorted(edges, np.arange(count) / MS, side='right') - 1
        delay_ms = np.array([trace.delay_s(edge) for edge in edges])[step] * MS
        self.loss = np.array([trace.loss(edge) for edge in edges])[step]
        served_ms = np.arange(count) + delay_ms + schedule.server_s * MS
        self.back_ms = served_ms + delay_ms[np.minimum(served_ms.astype(int), count - 1)]
        self.least_way_ms = float((self.back_ms - np.arange(count)).min())


def _finish_ms(edges: NDArray, edge_bits: NDArray) -> NDArray[np.int32]:
    """Invert the cumulative capacity; where it stands still, take the earliest time."""
    cells = np.arange(int(edge_bits[-1] / BITS_PER_CELL) + 1) * BITS_PER_CELL
    at = np.clip(np.searchsorted(edge_bits, cells, side='left'), 1, len(edges) - 1)
    rise = edge_bits[at] - edge_bits[at - 1]
    share = np.divide(cells - edge_bits[at - 1], rise, out=np.zeros_like(cells),
                      where=rise > 0)
    times_s = edges[at - 1] + share * (edges[at] - edges[at - 1])
    never = np.int32(2 ** 30)
    return np.append(np.rint(times_s * MS).astype(np.int32), never)


def _outcomes(grid: _Grid, frames: FrameTable, schedule: Schedule, first: int, end: int,
              backlogs_ms: NDArray) -> tuple[NDArray, NDArray]:
    """Give, by frame, backlog and point, the expected AP50 and when the queue is free."""
    capture_s = np.arange(first, end) / schedule.fps
    ready_ms = np.rint((capture_s[:, None] + np.array(frames.encode_s[first:end])) * MS)
    free_ms = (capture_s * MS).astype(int)[:, None] + backlogs_ms            # (F, S)
    sizes = np.array(frames.bytes[first:end])                                # (F, P)
    last_ms = len(grid.bits) - 1
    begin_ms = np.maximum(free_ms[:, :, None], ready_ms[:, None, :].astype(int))
    bits = grid.bits[np.minimum(begin_ms, last_ms)] + sizes[:, None, :] * 8.0
    cell = np.minimum((bits / BITS_PER_CELL).astype(np.int32), len(grid.finish_ms) - 1)
    finish_ms = np.maximum(grid.finish_ms[cell], begin_ms)                   # (F, S, P)
    inside_ms = np.minimum(finish_ms, last_ms)
    deadline_ms = ((capture_s + schedule.deadline_s) * MS)[:, None, None]
    is_on_time = (grid.back_ms[inside_ms] <= deadline_ms) & (finish_ms <= last_ms)
    accuracy = np.array([point.ap50 for point in frames.points])
    if schedule.with_loss:
        trips = -(-sizes // DATAGRAM_BYTES)[:, None, :] + 1     # datagrams, and the answer
        accuracy = accuracy * (1.0 - grid.loss[inside_ms]) ** trips
    return np.where(is_on_time, accuracy, -1.0), finish_ms
