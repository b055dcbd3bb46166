"""
An emulated link for real messages: when each comes out of the trace's queue, if at all.

The definitions are those of `emulator.py`; only the clock is the wall's.
"""

from math import inf
import random

from slim_split_ros.linklab.link import Link, Packets
from slim_split_ros.linklab.trace import Trace


class LivePath:
    """Carry messages of one robot; times are seconds since the trace began, never backwards."""

    def __init__(self, trace: Trace, seed: int) -> None:
        self._trace = trace
        self._link = Link(trace)
        self._random = random.Random(seed)

    def uplink(self, message_bytes: int, now_s: float) -> float | None:
        """Give when a message arrives at the server; None if it is lost on the way."""
        left_s = self._link.send(message_bytes, now_s)
        if left_s is None or left_s == inf:
            return None
        kept = Packets().chance_kept(message_bytes, self._trace.loss(left_s))
        return None if self._random.random() >= kept else left_s + self._trace.delay_s(left_s)

    def downlink(self, now_s: float) -> float | None:
        """Give when a message arrives at the robot: same delay and loss, no limit of rate."""
        lost = self._random.random() < self._trace.loss(now_s)
        return None if lost else now_s + self._trace.delay_s(now_s)
