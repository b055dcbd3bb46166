"""Answer how a node complains about frames: counted always, written once a period and reason."""

import time
import traceback

from rclpy.node import Node

from slim_split_ros.ros.counts import FrameCounts
from slim_split_ros.ros.drop_reasons import FAILURE
from slim_split_ros.ros.throttle import Throttle


class Complaints:
    """Count dropped frames by reason and log each reason at most every few seconds."""

    def __init__(self, node: Node, counts: FrameCounts) -> None:
        self._node = node
        self._counts = counts
        self._throttle = Throttle()

    def dropped(self, reason: str, sentence: str, number: int = 1) -> None:
        """Count frames as dropped and say why, and how many so far."""
        total = self._counts.dropped(reason, number)
        if self._throttle.admits(reason, time.monotonic()):
            self._node.get_logger().warning(f'{sentence} ({reason}: {total} so far)')

    def failed(self, error: Exception) -> None:
        """Count a frame that failed in a way nobody foresaw, and show where."""
        # While shutting down the publishers fail under the last frame: no news.
        if self._node.context.ok():
            self.dropped(FAILURE, ''.join(traceback.format_exception(error)).rstrip())
