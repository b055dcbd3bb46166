"""Answer how a node complains about frames: counted always, written once a period and kind."""

import time
import traceback

from rclpy.node import Node

from slim_split_ros.ros.counts import FrameCounts
from slim_split_ros.ros.throttle import Throttle


class Complaints:
    """Count dropped frames by reason and log each reason at most every few seconds."""

    def __init__(self, node: Node, counts: FrameCounts) -> None:
        self._node = node
        self._counts = counts
        self._throttle = Throttle()

    def dropped(self, reason: str, sentence: str, number: int = 1) -> None:
        """Count frames as dropped and say why."""
        self._counts.dropped(reason, number)
        self.say(reason, sentence)

    def failed(self, error: Exception) -> None:
        """Count a frame that failed in a way nobody foresaw, and show where."""
        if not self._node.context.ok():
            return  # shutting down: the publishers are gone
        self._counts.dropped('failure')
        self.say('failure', ''.join(traceback.format_exception(error)).rstrip())

    def say(self, kind: str, sentence: str) -> None:
        """Log a warning unless one of its kind was written a moment ago."""
        held_back = self._throttle.admit(kind, time.monotonic())
        if held_back is None:
            return
        more = f' ({held_back} more like it before)' if held_back else ''
        self._node.get_logger().warning(sentence + more)
