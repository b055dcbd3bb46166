"""
The best that a sender could do which knows the trace and every frame's bytes.

Dynamic programming, last frame first, over the queue's backlog at each capture in steps of
1 ms. With loss it maximizes the expectation: nobody knows what will be lost.
Memory grows with the trace's rows alone: frames go in batches, each over its own milliseconds.
"""

import numpy as np
from numpy.typing import NDArray

from slim_split_ros.linklab.frames import FrameTable
from slim_split_ros.linklab.schedule import Schedule
from slim_split_ros.linklab.trace import Trace

# Resolution of bits carried: 32 bits last 0.3 ms at 100 kbit/s.
BITS_PER_CELL = 32.0
MS = 1000.0
NEVER_MS = 2 ** 30
# Bounds of one batch: outcomes (frames x backlogs x points), and milliseconds it lasts.
OUTCOMES_AT_ONCE = 400_000
MS_AT_ONCE = 100_000


def oracle_ap50(trace: Trace, frames: FrameTable, schedule: Schedule) -> float:
    """Give the largest mean_ap50 of any choice per frame, skipping included."""
    capacity = _Capacity(trace, schedule)
    captured_ms = np.array([int(schedule.capture_s(frame) * MS)
                            for frame in range(schedule.frame_count)])
    # A frame that would begin later than this is late on the fastest path.
    fastest_s = schedule.server_s + 2.0 * capacity.least_delay_ms / MS
    longest_ms = int((schedule.deadline_s - fastest_s) * MS)
    backlogs_ms = np.arange(max(longest_ms, 0) + 1)
    value = np.zeros(len(backlogs_ms))
    later_ms = captured_ms[-1] + 1
    at_once = _frames_at_once(len(backlogs_ms) * len(frames.points), schedule.fps)
    for end in range(schedule.frame_count, 0, -at_once):
        first = max(0, end - at_once)
        gain, finish_ms = _outcomes(capacity, frames, schedule, first, end, backlogs_ms)
        for frame in range(end - 1, first - 1, -1):
            left_ms = np.clip(finish_ms[frame - first] - later_ms, 0, len(value) - 1)
            sent = (gain[frame - first] + value[left_ms]).max(axis=1)
            step_ms = later_ms - captured_ms[frame]
            skipped = value[np.clip(backlogs_ms - step_ms, 0, None)]
            value = np.maximum(sent, skipped)
            later_ms = captured_ms[frame]
    return float(value[0]) / schedule.frame_count


def _frames_at_once(outcomes: int, fps: float) -> int:
    """Bound a batch by the outcomes of its frames and by how long it lasts."""
    return max(1, min(OUTCOMES_AT_ONCE // outcomes, int(MS_AT_ONCE / MS * fps)))


class _Capacity:
    """Hold the edges of a run's rows with the bits carried until each."""

    def __init__(self, trace: Trace, schedule: Schedule) -> None:
        end_s = schedule.duration_s + 2.0 * schedule.deadline_s
        turns = int(end_s // trace.duration_s) + 1
        # Not lists: of a trace of millions of rows they take four times the memory.
        begins = np.fromiter((row.t_s - trace.rows[0].t_s for row in trace.rows), float)
        edges = [begins + turn * trace.duration_s for turn in range(turns)]
        self.edges_s = np.concatenate([*edges, [turns * trace.duration_s]])
        self.bits = np.fromiter(map(trace.bits_until, self.edges_s), float)
        self.delay_ms = np.fromiter(map(trace.delay_s, self.edges_s), float) * MS
        self.loss = np.fromiter(map(trace.loss, self.edges_s), float)
        self.least_delay_ms = float(self.delay_ms.min())

    def step(self, times_ms: NDArray) -> NDArray:
        """Give the row that holds at each time."""
        return np.searchsorted(self.edges_s, times_ms / MS, side='right') - 1

    def finish_ms(self, bits: NDArray, first_ms: int, last_ms: int) -> NDArray:
        """
        Say when a busy link has carried that much; where it stands still, the earliest time.

        Between the two times; what ends later is said never to end.
        """
        begin, end = self.step(np.array([first_ms, last_ms]))
        edges_s, edge_bits = self.edges_s[begin:end + 2], self.bits[begin:end + 2]
        cells = np.maximum(np.floor(bits / BITS_PER_CELL) * BITS_PER_CELL, edge_bits[0])
        ends = cells <= edge_bits[-1]
        at = np.clip(np.searchsorted(edge_bits, cells), 1, len(edges_s) - 1)
        rise = edge_bits[at] - edge_bits[at - 1]
        share = np.divide(cells - edge_bits[at - 1], rise, out=np.zeros_like(cells),
                          where=ends & (rise > 0.0))
        times_s = edges_s[at - 1] + share * (edges_s[at] - edges_s[at - 1])
        return np.where(ends, np.rint(times_s * MS), NEVER_MS).astype(np.int32)


def _outcomes(capacity: _Capacity, frames: FrameTable, schedule: Schedule, first: int, end: int,
              backlogs_ms: NDArray) -> tuple[NDArray, NDArray]:
    """Give, by frame, backlog and point, the expected AP50 and when the queue is free."""
    capture_s = np.arange(first, end) / schedule.fps
    first_ms = int(capture_s[0] * MS)
    times_ms = np.arange(first_ms, int((capture_s[-1] + schedule.deadline_s) * MS) + 2)
    last_ms = int(times_ms[-1])
    ready_ms = np.rint((capture_s[:, None] + frames.encode_s[first:end]) * MS)
    free_ms = (capture_s * MS).astype(int)[:, None] + backlogs_ms            # (F, S)
    sizes = frames.message_bytes[first:end]                                  # (F, P)
    begin_ms = np.maximum(free_ms[:, :, None], ready_ms[:, None, :].astype(int))
    carried = np.interp(times_ms / MS, capacity.edges_s, capacity.bits)
    bits = carried[np.minimum(begin_ms, last_ms) - first_ms] + sizes[:, None, :] * 8.0
    finish_ms = np.maximum(capacity.finish_ms(bits, first_ms, last_ms), begin_ms)  # (F, S, P)
    inside = np.minimum(finish_ms, last_ms) - first_ms
    deadline_ms = ((capture_s + schedule.deadline_s) * MS)[:, None, None]
    back_ms = _back_ms(capacity, schedule, times_ms)
    is_on_time = (back_ms[inside] <= deadline_ms) & (finish_ms <= last_ms)
    accuracy = np.array([point.ap50 for point in frames.points])
    if schedule.with_loss:
        packets = schedule.packets.count(sizes)[:, None, :]
        loss = capacity.loss[capacity.step(times_ms)]
        accuracy = accuracy * (1.0 - loss[inside]) ** (packets + 1)     # and the answer
    return np.where(is_on_time, accuracy, -1.0), finish_ms


def _back_ms(capacity: _Capacity, schedule: Schedule, times_ms: NDArray) -> NDArray:
    """Say when detections are back of what leaves the queue at each time."""
    served_ms = times_ms + capacity.delay_ms[capacity.step(times_ms)] + schedule.server_s * MS
    return served_ms + capacity.delay_ms[capacity.step(np.trunc(served_ms))]
