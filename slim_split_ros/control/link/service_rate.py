"""
How fast the link serves frames, one by one.

The median of three keeps one gap or one jittered delay from counting as the link's rate.
Frames that queued behind another show the rate by their spacing alone, whatever the path's
delay is (packet pairs: Keshav, SIGCOMM 1991).
"""

# No frame passes faster than this: a delay's jitter would make any rate.
SHORTEST_SERVICE_S = 0.002
# Spacings older than this say nothing about the link now.
SPACING_S = 3.0
# Fewer may all hold a gap of the link.
LEAST_SPACINGS = 5

# The regression of delay on size remembers about this many frames, and says something by itself
# once it has seen as many and explains this share of how delays vary.
REGRESSION_FRAMES = 24.0
EXPLAINED_SHARE = 0.9
# A delay this far from the mean belongs to another clock, or to an outage.
NEW_CLOCK_S = 1.0


class ServiceRate:
    """Follow the rate of the last services."""

    def __init__(self) -> None:
        """Start knowing nothing."""
        self._recent: list[float] = []
        self._spacings: list[tuple[float, float]] = []      # (time, seconds a bit)
        self._forget_sizes()

    def add(self, bits: float, service_s: float) -> float:
        """Note a service and give the median rate of the last three, in bits a second."""
        self._recent = [*self._recent[-2:], bits / max(service_s, SHORTEST_SERVICE_S)]
        return sorted(self._recent)[(len(self._recent) - 1) // 2]

    def add_spacing(self, bits: float, spacing_s: float, now_s: float) -> None:
        """Note how long after the frame before it a queued frame arrived."""
        seconds_a_bit = max(spacing_s, SHORTEST_SERVICE_S) / bits
        kept = [pair for pair in self._spacings if now_s - pair[0] < SPACING_S]
        self._spacings = [*kept, (now_s, seconds_a_bit)]

    def add_delay(self, bits: float, one_way_s: float) -> None:
        """Note a delay; how it grows with the size is one over the rate (a regression)."""
        bits_off, s_off = bits - self._mean_bits, one_way_s - self._mean_s
        if self._mean_bits == 0.0 or abs(s_off) > NEW_CLOCK_S:
            self._forget_sizes()
            self._mean_bits, self._mean_s = bits, one_way_s
            return
        self._delays += 1
        self._mean_bits += bits_off / REGRESSION_FRAMES
        self._mean_s += s_off / REGRESSION_FRAMES
        self._variance += (bits_off * bits_off - self._variance) / REGRESSION_FRAMES
        self._variance_s += (s_off * s_off - self._variance_s) / REGRESSION_FRAMES
        self._covariance += (bits_off * s_off - self._covariance) / REGRESSION_FRAMES

    def forget_link(self) -> None:
        """Forget how frames queued and what their size cost; it was on a slower link."""
        self._spacings = []
        self._forget_sizes()

    def transmission_s(self, bits: float, now_s: float) -> float:
        """Give what a frame needs on the link at least; 0 where nothing tells."""
        if self._variance <= 0.0:
            return 0.0
        by_size = max(0.0, self._covariance / self._variance)
        fresh = [seconds for time_s, seconds in self._spacings if now_s - time_s < SPACING_S]
        if len(fresh) >= LEAST_SPACINGS:
            return bits * min(min(fresh), by_size)
        return bits * by_size if self._is_explained() else 0.0

    def _is_explained(self) -> bool:
        """Say whether delays follow from sizes: nothing queues, and the rate is constant."""
        return self._delays >= REGRESSION_FRAMES and self._covariance ** 2 >= \
            EXPLAINED_SHARE * self._variance * self._variance_s

    def _forget_sizes(self) -> None:
        self._delays = 0
        self._mean_bits = self._mean_s = 0.0
        self._variance = self._variance_s = self._covariance = 0.0
