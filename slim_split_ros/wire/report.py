"""The link report as it comes from outside: its fields, checked, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math
from typing import Any

from slim_split_ros.wire.errors import FieldError
from slim_split_ros.wire.fields import (
    MOST_TIME_NS,
    UINT32,
    UINT64,
    check_integer,
    check_number,
)

# What a report may hold; the oldest of more are not looked at.
MOST_ARRIVALS = 64
# Seconds of a steady clock, which counts from the machine's start: 136 years.
MOST_CLOCK_S = 2.0**32
MOST_SERVER_MS = 3_600_000.0


@dataclass(frozen=True, slots=True)
class ReportedArrival:
    """
    Hold one reported frame.

    `arrival_s` is on the offboard side's steady clock; `server_ms` is NaN until there are
    detections, and for good if the frame was dropped. Raises FieldError naming the field that is
    out of range.
    """

    sequence: int
    arrival_s: float
    message_bytes: int
    server_ms: float

    def __post_init__(self) -> None:
        """Check each field against the range of its type in the message and its meaning."""
        check_integer('sequence', self.sequence, 0, UINT32)
        check_number('arrival_s', self.arrival_s, 0.0, MOST_CLOCK_S)
        check_integer('bytes', self.message_bytes, 1, UINT32)
        if not (isinstance(self.server_ms, float) and math.isnan(self.server_ms)):
            check_number('server_ms', self.server_ms, 0.0, MOST_SERVER_MS)


@dataclass(frozen=True, slots=True)
class ReceivedReport:
    """
    Hold a checked report on one sender, arrivals oldest first.

    `decoded_sequence` is the newest frame that the server decoded, -1 before the first. What it
    says may still be wrong: `control` decides what to believe. Raises FieldError naming
    the field that is out of range.
    """

    sender_start_ns: int
    report_sequence: int
    receiver_id: int
    sent_s: float
    arrivals: tuple[ReportedArrival, ...]
    decoded_sequence: int = -1

    def __post_init__(self) -> None:
        """Check each field against the range of its type in the message and its meaning."""
        check_integer('sender_start', self.sender_start_ns, 0, MOST_TIME_NS)
        check_integer('report_sequence', self.report_sequence, 0, UINT32)
        check_integer('receiver_id', self.receiver_id, 0, UINT64)
        check_number('sent_s', self.sent_s, 0.0, MOST_CLOCK_S)
        check_integer('decoded_sequence', self.decoded_sequence, -1, UINT32)


def read_arrivals(
    sequence: Sequence[Any], arrival_s: Sequence[Any], message_bytes: Sequence[Any],
    server_ms: Sequence[Any],
) -> tuple[ReportedArrival, ...]:
    """
    Return the newest arrivals of a report's parallel arrays, at most 64.

    Raises FieldError for arrays of unequal length, and for an entry out of range.

    >>> read_arrivals([7], [0.5], [900], [25.0])[0].message_bytes
    900
    """
    arrays = (sequence, arrival_s, message_bytes, server_ms)
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        raise FieldError(
            f'sequence, arrival_s, bytes and server_ms have {lengths} entries, must have as many')
    # A loop over 300,000 entries would hold up the control of the width.
    newest = (array[-MOST_ARRIVALS:] for array in arrays)
    return tuple(ReportedArrival(*entry) for entry in zip(*newest, strict=True))
