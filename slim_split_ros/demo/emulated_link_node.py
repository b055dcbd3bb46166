"""
The messages of both sides cross a radio link that is not there.

    python -m slim_split_ros.demo.emulated_link_node --ros-args -p trace:=FILE.csv

Let the two nodes publish below `sent/` and this node passes on what a link would have carried,
when it would have come: `-r features:=sent/features` for onboard, the same for `link_report` and
`answer` of offboard. Messages travel as they are, never unpacked.
"""

if __name__ == '__main__':  # a signal, or a package missing, during the imports below
    from slim_split_ros.ros.process.ending import end_quietly
    end_quietly()

from collections.abc import Callable, Sequence
import sys
import time

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy

from slim_split_ros.demo.delayed_calls import DelayedCalls
from slim_split_ros.demo.emulated_link_parameters import EmulatedLinkSettings
from slim_split_ros.linklab import LinkLabError, LivePath, read_trace
from slim_split_ros.msg import Answer, EncodedFrame, LinkReport
from slim_split_ros.ros.process.spin import run_node
from slim_split_ros.ros.settings.parameters import LiveParameters
from slim_split_ros.ros.topics.qos import SENSOR_DATA

SENT = 'sent'


class EmulatedLink(Node):
    """Pass frames on to the server, and reports and answers back."""

    def __init__(self) -> None:
        super().__init__('emulated_link')
        settings = LiveParameters(self, EmulatedLinkSettings).current
        path = LivePath(read_trace(settings.trace), settings.seed)
        age_s = time.time() - settings.begins_s if settings.begins_s else 0.0
        self._begun_s = time.monotonic() - age_s
        self._calls = DelayedCalls()
        self._relay(EncodedFrame, 'features', path.uplink)
        for kind, topic in ((LinkReport, 'link_report'), (Answer, 'answer')):
            self._relay(kind, topic, lambda _, now_s: path.downlink(now_s))

    def stop(self) -> None:
        """Leave what is under way on the link."""
        self._calls.stop()

    def _relay(self, kind: type, topic: str,
               carry: Callable[[int, float], float | None]) -> None:
        publisher = self.create_publisher(kind, topic, SENSOR_DATA)

        def pass_on(serialized: bytes) -> None:
            arrival_s = carry(len(serialized), time.monotonic() - self._begun_s)
            if arrival_s is not None:
                self._calls.add(
                    self._begun_s + arrival_s, lambda: publisher.publish(serialized))

        # Deep enough that what a busy relay is late with is not taken for a loss of the link.
        deep = QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT)
        self.create_subscription(kind, f'{SENT}/{topic}', pass_on, deep, raw=True)


def main(args: Sequence[str] | None = None) -> int:
    """Run the node until it is told to stop; return the exit status."""
    return run_node(EmulatedLink, args, start_errors=(LinkLabError, OSError))


if __name__ == '__main__':
    sys.exit(main())
