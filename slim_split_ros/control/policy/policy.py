"""What a policy is to the controller."""

from typing import Protocol

from slim_split_ros.control.decision import Decision
from slim_split_ros.control.link.estimator import Delivery
from slim_split_ros.control.link.in_flight import SentFrame


class Policy(Protocol):
    """Choose a point for each frame from what is known of the link."""

    capacity_kbps: float | None
    backlog_ms: float | None

    def on_deliveries(self, deliveries: list[Delivery], now_s: float) -> None:
        """Learn from what arrived."""

    def on_sent(self, frame: SentFrame, now_s: float) -> None:
        """Learn of a frame that was sent."""

    def decide(self, now_s: float, captured_s: float) -> Decision:
        """Choose for a frame captured then."""

    def revise(self, decision: Decision, busyness: float, now_s: float) -> Decision:
        """Choose again for a frame that was encoded to `busyness` times the table's size."""
