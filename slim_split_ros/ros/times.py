"""Answer how ROS stamps and nanoseconds become each other, and how old an image is."""

from builtin_interfaces.msg import Time

_NS_PER_S = 1_000_000_000
_LONGEST_AGE_S = 1.0


def to_ns(stamp: Time) -> int:
    """Return nanoseconds since the epoch of the clock that made the stamp."""
    return stamp.sec * _NS_PER_S + stamp.nanosec


def to_stamp(time_ns: int) -> Time:
    """Return the stamp of nanoseconds; the inverse of to_ns."""
    seconds, nanoseconds = divmod(time_ns, _NS_PER_S)
    return Time(sec=seconds, nanosec=nanoseconds)


def believable_age_s(stamp_ns: int, now_ns: int) -> float:
    """
    Return how long ago a stamp was, 0 for one from another clock: a bag's, or the future's.

    >>> believable_age_s(1_000_000_000, 1_030_000_000), believable_age_s(5, 1_030_000_000)
    (0.03, 0.0)
    """
    age_s = (now_ns - stamp_ns) / _NS_PER_S
    return age_s if 0.0 <= age_s <= _LONGEST_AGE_S else 0.0
