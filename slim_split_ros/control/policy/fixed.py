"""One width for all: every frame goes at once, whatever the link does."""

from slim_split_ros.control.decision import Decision, Reason
from slim_split_ros.control.estimates import Estimates
from slim_split_ros.control.link.in_flight import Delivery, SentFrame
from slim_split_ros.control.operating_points import OperatingPoint


class FixedPolicy:
    """Send at one point: the user pinned it, or no other is known."""

    backlog_ms: float | None = None

    def __init__(self, point: OperatingPoint, reason: Reason, estimates: Estimates) -> None:
        self._decision = Decision.at(point, reason)
        self._link = estimates.link

    @property
    def capacity_kbps(self) -> float | None:
        """Give what the link carried of late, for the status."""
        history = self._link.history
        return history.mean_bps / 1000.0 if history.slots else None

    def on_deliveries(self, deliveries: list[Delivery], now_s: float) -> None:
        """Learn nothing: there is nothing to choose."""

    def on_sent(self, frame: SentFrame, now_s: float) -> None:
        """Learn nothing: there is nothing to choose."""

    def decide(self, now_s: float, captured_s: float) -> Decision:
        """Give the one point."""
        return self._decision

    def revise(self, decision: Decision, busyness: float, now_s: float) -> Decision:
        """Stay with the one point."""
        return decision
