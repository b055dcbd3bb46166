"""The checks that single fields of messages pass before anything remembers their values."""

from __future__ import annotations

import math
from typing import Any

from slim_split_ros.wire.errors import FieldError

# Ranges of the messages' types.
UINT8 = 2**8 - 1
UINT16 = 2**16 - 1
UINT32 = 2**32 - 1
UINT64 = 2**64 - 1
NS_PER_S = 1_000_000_000
# Seconds of a message are int32, and ROS time is never before 1970.
MOST_SECONDS = 2**31 - 1
MOST_TIME_NS = MOST_SECONDS * NS_PER_S + NS_PER_S - 1
# Names of coordinate frames; every copy of one travels with every frame.
MOST_FRAME_ID_BYTES = 256


def check_integer(name: str, value: Any, low: int, high: int) -> int:
    """Return an integer from `low` to `high`; raises FieldError for anything else."""
    if type(value) is not int or not low <= value <= high:
        raise FieldError(f'{name} is {value!r:.40}, must be {low} to {high}')
    return value


def check_number(name: str, value: Any, low: float, high: float) -> float:
    """Return a finite number from `low` to `high`; raises FieldError for anything else."""
    # NaN compares as false.
    if not isinstance(value, (int, float)) or not low <= value <= high or math.isinf(value):
        raise FieldError(f'{name} is {value!r:.40}, must be {low:g} to {high:g}')
    return float(value)


def check_time(name: str, seconds: Any, nanoseconds: Any) -> int:
    """
    Return the nanoseconds of a `builtin_interfaces/Time`; raises FieldError for none.

    >>> check_time('stamp', 3, 14)
    3000000014
    """
    check_integer(f'{name}.sec', seconds, 0, MOST_SECONDS)
    # Else one moment has many names, and a name is what tells senders apart.
    check_integer(f'{name}.nanosec', nanoseconds, 0, NS_PER_S - 1)
    return seconds * NS_PER_S + nanoseconds


def check_frame_id(frame_id: Any) -> bytes:
    """Return the UTF-8 of a frame_id of at most 256 bytes; raises FieldError for others."""
    try:
        encoded: bytes = frame_id.encode()
    except (AttributeError, UnicodeEncodeError) as error:
        raise FieldError(f'frame_id is {frame_id!r:.40}, must be text') from error
    if len(encoded) > MOST_FRAME_ID_BYTES:
        raise FieldError(
            f'frame_id {frame_id!r:.40} has {len(encoded)} bytes, must have at most '
            f'{MOST_FRAME_ID_BYTES}')
    return encoded
