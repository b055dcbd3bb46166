"""
How much may be sent under `max_bitrate_kbps`: a token bucket, and the bits of the last second.

The bucket spreads frames evenly, the last second keeps every second under the ceiling. The
exception is a ceiling below one frame a second, where frames keep the mean.
"""

from collections import deque

PERIOD_S = 1.0
# Sums of floating-point times: what was sent a second ago still counts for so long.
_ROUNDING_S = 1e-6


class BitrateBudget:
    """
    Count the bits that may be sent now; a ceiling of 0 is none.

    >>> budget = BitrateBudget()
    >>> budget.configure(80_000.0, interval_s=0.1, least_bits=4000.0)
    >>> budget.left_bits(0.0)
    8000.0
    >>> budget.spend(8000.0, 0.0)
    >>> round(budget.left_bits(0.05))
    4000
    """

    def __init__(self) -> None:
        """Start without a ceiling."""
        self._bucket_bits: float | None = None
        self._filled_s = 0.0
        self._spent: deque[tuple[float, float]] = deque()   # (time, bits) of the last second
        self.configure(0.0, 0.1, 0.0)

    def configure(self, ceiling_bps: float, interval_s: float, least_bits: float) -> None:
        """Take a new ceiling; `least_bits` is the smallest frame, which has to fit."""
        self._ceiling_bps = ceiling_bps
        self._depth_bits = max(ceiling_bps * min(interval_s, PERIOD_S / 2.0), least_bits)

    @property
    def is_set(self) -> bool:
        """Say whether there is a ceiling."""
        return self._ceiling_bps > 0.0

    def left_bits(self, now_s: float) -> float:
        """Give what may be sent now."""
        if self._bucket_bits is None:
            self._bucket_bits = self._depth_bits
        passed_s = max(0.0, now_s - self._filled_s)
        self._bucket_bits = min(self._depth_bits,
                                self._bucket_bits + passed_s * self._ceiling_bps)
        self._filled_s = now_s
        while self._spent and abs(now_s - self._spent[0][0]) > PERIOD_S + _ROUNDING_S:
            self._spent.popleft()
        return min(self._bucket_bits, self._left_of_second())

    def allows(self, bits: float, now_s: float) -> bool:
        """Say whether so many bits may go; a frame that no bucket holds needs a full one."""
        if not self.is_set or bits <= self.left_bits(now_s):
            return True
        is_first = not self._spent or bits <= self._left_of_second()
        most_bits = min(self._depth_bits, self._ceiling_bps * PERIOD_S)
        return is_first and bits > most_bits and self._bucket_bits == self._depth_bits

    def spend(self, bits: float, now_s: float) -> None:
        """Take off what was sent; a frame larger than the bucket is paid back later."""
        if self.is_set:
            self.left_bits(now_s)
            self._bucket_bits -= bits
            self._spent.append((now_s, bits))

    def _left_of_second(self) -> float:
        return self._ceiling_bps * PERIOD_S - sum(bits for _, bits in self._spent)
