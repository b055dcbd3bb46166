"""
How many frames the server keeps up with: no more are sent than it serves.

Frames beyond that would wait there for a newer one to take their place. A server that several
robots share shows each of them the longer service.
"""

from math import inf

from slim_split_ros.control.link.server_time import ServerTime

# A little more than the service itself, so that what it varies by does not add up.
PACE_SHARE = 1.05
# However slow it is said to be, a frame goes so often: otherwise a recovery would stay unseen.
LONGEST_INTERVAL_S = 2.0


class ServerPace:
    """Space frames by the server's service, where it is longer than the camera's interval."""

    def __init__(self, camera_s: float) -> None:
        """`camera_s` is the interval at which frames are offered."""
        self._camera_s = camera_s
        self._due_s = -inf

    def interval_s(self, server: ServerTime) -> float:
        """Give the interval between frames that are sent."""
        return max(self._camera_s, min(PACE_SHARE * server.service_s, LONGEST_INTERVAL_S))

    def admits(self, now_s: float) -> bool:
        """Say whether a frame may go; half a camera's interval early keeps the mean."""
        return now_s >= self._due_s - 0.5 * self._camera_s

    def on_sent(self, server: ServerTime, now_s: float) -> None:
        """Note a frame that went; time left unused is kept for one interval at most."""
        interval_s = self.interval_s(server)
        self._due_s = max(self._due_s, now_s - interval_s) + interval_s
