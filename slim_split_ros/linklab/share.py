"""One robot's share of the air of a cell, from the trace of what the cell carries."""

from slim_split_ros.linklab.trace import Trace


class TraceShare:
    r"""
    Look at a trace from another moment on, divided between so many robots.

    It stands wherever a link reads a trace. The air is divided by time, as access points with
    airtime fairness do while all of the robots have something to send.

    >>> from slim_split_ros.linklab import parse_trace
    >>> cell = parse_trace('t_s,rate_kbps,delay_ms,loss\n0,8,20,0\n1,4,30,0\n', 'example')
    >>> share = TraceShare(cell, begin_s=1.0, robots=2)
    >>> share.rate_kbps(0.0), share.bits_until(1.0), share.time_of_bits(2000.0), share.delay_s(1.0)
    (2.0, 2000.0, 1.0, 0.02)
    """

    def __init__(self, trace: Trace, begin_s: float = 0.0, robots: int = 1) -> None:
        """Begin at `begin_s` of the trace."""
        self._trace, self._begin_s, self._robots = trace, begin_s, robots
        self._begin_bits = trace.bits_until(begin_s)
        self.name, self.duration_s = trace.name, trace.duration_s

    def bits_until(self, t_s: float) -> float:
        """Give the bits that the share carries from 0 to `t_s`."""
        return (self._trace.bits_until(self._begin_s + t_s) - self._begin_bits) / self._robots

    def time_of_bits(self, bits: float) -> float:
        """Give the first time by which the share has carried that much; inf if never."""
        if bits <= 0.0:
            return 0.0
        return self._trace.time_of_bits(self._begin_bits + bits * self._robots) - self._begin_s

    def delay_s(self, t_s: float) -> float:
        """Give the propagation delay, one way, of what leaves the queue at `t_s`."""
        return self._trace.delay_s(self._begin_s + t_s)

    def loss(self, t_s: float) -> float:
        """Give the chance that a datagram leaving the queue at `t_s` is lost."""
        return self._trace.loss(self._begin_s + t_s)

    def rate_kbps(self, t_s: float) -> float:
        """Give the capacity at `t_s`."""
        return self._trace.rate_kbps(self._begin_s + t_s) / self._robots
