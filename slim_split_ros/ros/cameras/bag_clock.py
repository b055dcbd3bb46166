"""The time of a recording on `/clock`, for nodes that run with `use_sim_time`."""

from threading import Lock
import time

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock

from slim_split_ros.ros.topics.messages import to_stamp
from slim_split_ros.ros.topics.waiting import steady_clock

# As `ros2 bag play --clock`.
_PERIOD_S = 0.025
_NS_PER_S = 1e9
# An image that comes late is not as late as the beginning of a round is early.
_ROUND_NS = 10**9


class BagClock:
    """
    Publish the recording's time: of each image as it goes out, and steadily in between.

    Images go out in another thread than the timer's. A round that starts again sets time back,
    as it does with `ros2 bag play --loop`.
    """

    def __init__(self, node: Node, speed: float) -> None:
        self._speed = speed
        self._lock = Lock()
        self._image: tuple[int, float] | None = None
        self._last_ns = 0
        self._publisher = node.create_publisher(Clock, '/clock', QoSProfile(depth=1))
        self._timer = node.create_timer(_PERIOD_S, self._go_on, clock=steady_clock())

    def set(self, recorded_ns: int) -> None:
        """Say that the image recorded then goes out now."""
        with self._lock:
            if self._image is not None and recorded_ns < self._image[0] - _ROUND_NS:
                self._last_ns = 0
            self._image = recorded_ns, time.monotonic()
            self._publish(recorded_ns)

    def _go_on(self) -> None:
        with self._lock:
            if self._image is not None:
                recorded_ns, set_s = self._image
                passed_s = time.monotonic() - set_s
                self._publish(recorded_ns + round(passed_s * self._speed * _NS_PER_S))

    def _publish(self, time_ns: int) -> None:
        # An image that comes late does not set time back.
        self._last_ns = max(self._last_ns, time_ns)
        self._publisher.publish(Clock(clock=to_stamp(self._last_ns)))
