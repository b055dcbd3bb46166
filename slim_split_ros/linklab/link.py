"""
The bottleneck of an emulated link: a FIFO of limited size over a trace.

Bits that a step did not use are lost to it, the queue holds one second at the last second's mean
rate and never less than 15,000 bytes. Closed form: the queue's end is one number on the axis of
bits the trace has carried.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from slim_split_ros.linklab.share import TraceShare
from slim_split_ros.linklab.trace import Trace

DATAGRAM_BYTES = 1200
LEAST_QUEUE_BYTES = 15_000.0
QUEUE_WINDOW_S = 1.0

Size = TypeVar('Size', int, NDArray[np.int64])


class Link:
    """Serve datagrams in order; time must not go backwards between calls."""

    def __init__(self, trace: Trace | TraceShare) -> None:
        """Start with an empty queue at time 0."""
        self.trace = trace
        self._end_bits = 0.0

    def backlog_bytes(self, now_s: float) -> float:
        """Give the bytes that wait or are being sent."""
        return max(0.0, self._end_bits - self.trace.bits_until(now_s)) / 8.0

    def queue_limit_bytes(self, now_s: float) -> float:
        """Give what the queue holds at most."""
        begin_s = max(0.0, now_s - QUEUE_WINDOW_S)
        window_s = now_s - begin_s
        if window_s <= 0.0:
            return LEAST_QUEUE_BYTES
        bits = self.trace.bits_until(now_s) - self.trace.bits_until(begin_s)
        return max(LEAST_QUEUE_BYTES, bits / window_s * QUEUE_WINDOW_S / 8.0)

    def send(self, message_bytes: int, now_s: float) -> float | None:
        """
        Queue a message's datagrams and give when its last bit has left.

        None when one of its datagrams did not fit; those before it still take their time.
        """
        carried_bits = self.trace.bits_until(now_s)
        waiting_bytes = self.backlog_bytes(now_s)
        room_bytes = LEAST_QUEUE_BYTES - waiting_bytes
        if message_bytes > room_bytes:
            room_bytes = self.queue_limit_bytes(now_s) - waiting_bytes
        fits = message_bytes <= room_bytes
        accepted = message_bytes if fits else _bytes_of_fitting(message_bytes, room_bytes)
        self._end_bits = carried_bits + waiting_bytes * 8.0 + accepted * 8.0
        return self.trace.time_of_bits(self._end_bits) if fits else None


@dataclass(frozen=True, slots=True)
class Packets:
    """Hold how a link cuts messages: so many bytes a packet, after so many of headers."""

    packet_bytes: int = DATAGRAM_BYTES
    header_bytes: int = 0

    def count(self, message_bytes: Size) -> Size:
        """Count the packets of a message, or of each of an array of messages."""
        return -(-(message_bytes + self.header_bytes) // self.packet_bytes)

    def chance_kept(self, message_bytes: int, loss: float) -> float:
        """Give the chance that a message keeps all its packets, each lost by `loss`."""
        return (1.0 - loss) ** self.count(message_bytes)


def _bytes_of_fitting(message_bytes: int, room_bytes: float) -> int:
    """Sum the datagrams of a message that find room, each tried in its order."""
    full, last_bytes = divmod(message_bytes, DATAGRAM_BYTES)
    accepted = min(full, max(0, int(room_bytes // DATAGRAM_BYTES))) * DATAGRAM_BYTES
    return accepted + last_bytes if last_bytes <= room_bytes - accepted else accepted
