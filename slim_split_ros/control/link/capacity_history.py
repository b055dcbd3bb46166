"""
What the link could carry over the last seconds, rebuilt from what it did carry.

While a frame was being served the capacity is seen; between frames nothing is learnt (the
sender is application-limited), and the last known rate is assumed to go on. A service far
longer than the frame's size explains is a gap of the link, then its usual rate: cellular
links skip 100 to 400 ms without being slower otherwise (the packet traces' README).
"""

from math import inf

from slim_split_ros.control.link.estimator import Delivery

SLOT_S = 0.02
MEMORY_S = 4.0
# A gap counts for no more than this in the history; how long gaps last is kept apart.
LONGEST_GAP_S = 0.3
# A service this many times longer than expected, and by this much, holds a gap.
GAP_FACTOR = 2.0
GAP_S = 0.03
GAPS_KEPT = 16
SHORTEST_SERVICE_S = 0.002
# Until so many deliveries a frame is at most this many times the largest that came through.
START_DELIVERIES = 15
START_GROWTH = 1.5
_SLOTS = int(MEMORY_S / SLOT_S)
_RECENT = int(1.0 / SLOT_S)
_TRIM = 50      # slots beyond the memory before the list is cut, so that cutting is rare


class CapacityHistory:
    """Keep the capacity in slots of 20 ms, newest last, as cumulative bits."""

    def __init__(self) -> None:
        """Start empty."""
        self.cumulative: list[float] = [0.0]
        self.rate_bps = 0.0
        self.gaps_s: list[float] = []
        self._partial_s = self._partial_bits = 0.0
        self._left_s: float | None = None
        self._deliveries = 0
        self._largest_bits = 0.0

    @property
    def slots(self) -> int:
        """Count the slots known."""
        return len(self.cumulative) - 1

    @property
    def mean_bps(self) -> float:
        """Give the mean capacity over the memory; 0 while nothing is known."""
        return self._mean_bps(_SLOTS)

    @property
    def recent_bps(self) -> float:
        """Give the mean capacity over the last second of the history."""
        return self._mean_bps(_RECENT)

    def _mean_bps(self, most_slots: int) -> float:
        slots = min(self.slots, most_slots)
        if not slots:
            return 0.0
        return (self.cumulative[-1] - self.cumulative[-1 - slots]) / (slots * SLOT_S)

    @property
    def proven_bits(self) -> float:
        """
        Give the largest frame that the first deliveries allow; inf once there are enough.

        Frames of one size, alone on the link, cannot tell transmission from propagation.
        """
        is_start = self._deliveries < START_DELIVERIES
        return START_GROWTH * self._largest_bits if is_start else inf

    def add(self, delivery: Delivery) -> None:
        """Extend the history to the delivery's end."""
        self._deliveries += 1
        self._largest_bits = max(self._largest_bits, delivery.bits)
        service_s = max(delivery.left_s - delivery.begun_s, SHORTEST_SERVICE_S)
        usual_bps = max(self.rate_bps, delivery.rate_bps)
        self.rate_bps = delivery.rate_bps
        if self._left_s is not None and delivery.begun_s > self._left_s:
            self._extend(min(delivery.begun_s - self._left_s, MEMORY_S), self.rate_bps)
        self._left_s = delivery.left_s
        expected_s = delivery.bits / usual_bps
        gap_s = service_s - expected_s
        if service_s > GAP_FACTOR * expected_s and gap_s > GAP_S:
            self.gaps_s = [*self.gaps_s[1 - GAPS_KEPT:], gap_s]
            self._extend(min(gap_s, LONGEST_GAP_S), 0.0)
            self._extend(expected_s, usual_bps)
        else:
            self._extend(service_s, delivery.bits / service_s)
        self._trim()

    def _extend(self, duration_s: float, rate_bps: float) -> None:
        """Append a stretch of constant rate, slot by slot."""
        cumulative = self.cumulative
        while duration_s > 0.0:
            step_s = min(duration_s, SLOT_S - self._partial_s)
            self._partial_bits += step_s * rate_bps
            self._partial_s += step_s
            duration_s -= step_s
            if self._partial_s >= SLOT_S - 1e-9:
                cumulative.append(cumulative[-1] + self._partial_bits)
                self._partial_s = self._partial_bits = 0.0

    def _trim(self) -> None:
        """Forget what is older than the memory."""
        excess = self.slots - _SLOTS
        if excess > _TRIM:
            base = self.cumulative[excess]
            self.cumulative = [bits - base for bits in self.cumulative[excess:]]
