"""
How reality compares with the table now: frames' sizes, and encoding times.

Both are ratios to what `profile` measured, followed as a log-normal: a busy picture costs
more at every point, a throttled processor slows every width.
"""

from math import exp, log

P95_SIGMAS = 1.645
LEAST_RATIO, MOST_RATIO = 0.02, 50.0


class RatioTracker:
    """
    Follow the mean and the spread of measured ÷ tabulated.

    >>> busy = RatioTracker(mean_gain=0.5, spread_gain=0.1, first_spread=0.2)
    >>> for _ in range(20):
    ...     busy.add(3000, 1500)
    >>> round(busy.expected, 2)
    2.0
    """

    def __init__(self, mean_gain: float, spread_gain: float, first_spread: float) -> None:
        """Start with the table as it is; gains are those of exponential means."""
        self._mean_gain, self._spread_gain = mean_gain, spread_gain
        self._log_mean = 0.0
        self._log_variance = first_spread * first_spread
        self.expected = 1.0
        self.p95 = exp(P95_SIGMAS * first_spread)

    def add(self, measured: float, tabulated: float) -> None:
        """Note one frame; a table entry of zero says nothing."""
        if not measured > 0.0 or not tabulated > 0.0:
            return
        error = log(min(MOST_RATIO, max(LEAST_RATIO, measured / tabulated))) - self._log_mean
        self._log_mean += self._mean_gain * error
        self._log_variance += self._spread_gain * (error * error - self._log_variance)
        self.expected = exp(self._log_mean)
        self.p95 = exp(self._log_mean + P95_SIGMAS * self._log_variance ** 0.5)
