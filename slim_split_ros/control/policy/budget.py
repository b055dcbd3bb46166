"""
How much may be sent under `max_bitrate_kbps`: a token bucket.

No second ever carries more than the ceiling: the bucket's depth is taken off its rate. The
exception is a ceiling below one smallest frame a second, where frames keep the mean.
"""

PERIOD_S = 1.0


class BitrateBudget:
    """
    Count the bits that may be sent now; a ceiling of 0 is none.

    >>> budget = BitrateBudget()
    >>> budget.configure(80_000.0, interval_s=0.1, least_bits=4000.0)
    >>> budget.left_bits(0.0)
    8000.0
    >>> budget.spend(8000.0, 0.0)
    >>> round(budget.left_bits(0.1))
    7200
    """

    def __init__(self) -> None:
        """Start without a ceiling."""
        self._left_bits: float | None = None
        self._filled_s = 0.0
        self.configure(0.0, 0.1, 0.0)

    def configure(self, ceiling_bps: float, interval_s: float, least_bits: float) -> None:
        """Take a new ceiling; `least_bits` is the smallest frame, which has to fit."""
        self._ceiling_bps = ceiling_bps
        self._depth_bits = max(ceiling_bps * min(interval_s, PERIOD_S / 2.0), least_bits)
        spare_bps = ceiling_bps - self._depth_bits / PERIOD_S
        self._fill_bps = spare_bps if spare_bps > ceiling_bps / 2.0 else ceiling_bps / 2.0

    @property
    def is_set(self) -> bool:
        """Say whether there is a ceiling."""
        return self._ceiling_bps > 0.0

    def left_bits(self, now_s: float) -> float:
        """Give what may be sent now."""
        if self._left_bits is None:
            self._left_bits = self._depth_bits
        else:
            passed_s = max(0.0, now_s - self._filled_s)
            self._left_bits = min(self._depth_bits,
                                  self._left_bits + passed_s * self._fill_bps)
        self._filled_s = now_s
        return self._left_bits

    def spend(self, bits: float, now_s: float) -> None:
        """Take off what was sent; a frame larger than expected is paid back later."""
        if self.is_set:
            self._left_bits = self.left_bits(now_s) - bits
