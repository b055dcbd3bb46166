"""Answer how ROS stamps and nanoseconds become each other."""

from builtin_interfaces.msg import Time

_NS_PER_S = 1_000_000_000


def to_ns(stamp: Time) -> int:
    """Return nanoseconds since the epoch of the clock that made the stamp."""
    return stamp.sec * _NS_PER_S + stamp.nanosec


def to_stamp(time_ns: int) -> Time:
    """Return the stamp of nanoseconds; the inverse of to_ns."""
    seconds, nanoseconds = divmod(time_ns, _NS_PER_S)
    return Time(sec=seconds, nanosec=nanoseconds)
