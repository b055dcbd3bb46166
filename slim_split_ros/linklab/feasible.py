"""
How many frames a sender that knows the trace gets on time at the narrowest point.

It sends every frame, first in, first out, and skips those that cannot make it given what is in
the queue already; loss is left out.
"""

from slim_split_ros.linklab.frames import FrameTable
from slim_split_ros.linklab.schedule import Schedule
from slim_split_ros.linklab.trace import Trace


def count_feasible(trace: Trace, frames: FrameTable, schedule: Schedule) -> int:
    """Send every frame at the narrowest point, first in, first out, but those that fail."""
    point = min(range(len(frames.points)), key=lambda index: frames.points[index].bytes)
    end_bits, count = 0.0, 0
    for frame in range(schedule.frame_count):
        captured_s = schedule.capture_s(frame)
        queued_s = captured_s + float(frames.encode_s[frame, point])
        begin_bits = max(end_bits, trace.bits_until(queued_s))
        bits = begin_bits + float(frames.message_bytes[frame, point]) * 8.0
        back_s = schedule.back_s(trace, trace.time_of_bits(bits))
        if back_s <= captured_s + schedule.deadline_s:
            end_bits, count = bits, count + 1
    return count
