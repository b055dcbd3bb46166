"""
How fast the link serves frames, one by one.

The median of three keeps one gap or one jittered delay from counting as the link's rate.
Frames that queued behind another show the rate by their spacing alone, whatever the path's
delay is (packet pairs: Keshav, SIGCOMM 1991).
"""

# No frame passes faster than this: a delay's jitter would make any rate.
SHORTEST_SERVICE_S = 0.002
# Spacings older than this say nothing about the link now.
SPACING_S = 1.0
# Fewer may all hold a gap of the link.
LEAST_SPACINGS = 5


class ServiceRate:
    """Follow the rate of the last services."""

    def __init__(self) -> None:
        """Start knowing nothing."""
        self._recent: list[float] = []
        self._spacings: list[tuple[float, float]] = []      # (time, seconds a bit)

    def add(self, bits: float, service_s: float) -> float:
        """Note a service and give the median rate of the last three, in bits a second."""
        self._recent = [*self._recent[-2:], bits / max(service_s, SHORTEST_SERVICE_S)]
        return sorted(self._recent)[(len(self._recent) - 1) // 2]

    def add_spacing(self, bits: float, spacing_s: float, now_s: float) -> None:
        """Note how long after the frame before it a queued frame arrived."""
        seconds_a_bit = max(spacing_s, SHORTEST_SERVICE_S) / bits
        kept = [pair for pair in self._spacings if now_s - pair[0] < SPACING_S]
        self._spacings = [*kept, (now_s, seconds_a_bit)]

    def transmission_s(self, bits: float, now_s: float) -> float:
        """Give what a frame needs on the link at least; 0 where nothing queued of late."""
        fresh = [seconds for time_s, seconds in self._spacings if now_s - time_s < SPACING_S]
        return bits * min(fresh) if len(fresh) >= LEAST_SPACINGS else 0.0
