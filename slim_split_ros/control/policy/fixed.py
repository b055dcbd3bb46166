"""A pinned width: every frame goes at once, whatever the link does."""

from slim_split_ros.control.decision import Decision, Reason
from slim_split_ros.control.estimates import Estimates
from slim_split_ros.control.link.estimator import Delivery
from slim_split_ros.control.link.in_flight import SentFrame


class FixedPolicy:
    """Send at the pinned width and its default rate."""

    backlog_ms: float | None = None

    def __init__(self, width: float, rate: int, estimates: Estimates) -> None:
        self._decision = Decision(width, rate, Reason.PINNED)
        self._history = estimates.history

    @property
    def capacity_kbps(self) -> float | None:
        """Give what the link carried of late, for the status."""
        return self._history.mean_bps / 1000.0 if self._history.slots else None

    def on_deliveries(self, deliveries: list[Delivery], now_s: float) -> None:
        """Learn nothing: the user chose."""

    def on_sent(self, frame: SentFrame, now_s: float) -> None:
        """Learn nothing: the user chose."""

    def decide(self, now_s: float, captured_s: float) -> Decision:
        """Give the pinned point."""
        return self._decision

    def revise(self, decision: Decision, busyness: float, now_s: float) -> Decision:
        """Stay with the pinned point."""
        return decision
