"""
How many frames the server keeps up with: no more are sent than it serves.

Frames beyond that would wait there for a newer one to take their place. A server that several
robots share shows each of them the longer service.
"""

from math import inf

from slim_split_ros.control.link.server_time import ServerTime

# A little more than the service itself, so that what it varies by does not add up.
PACE_SHARE = 1.05
# Cameras keep a grid: a frame may wait at the server by this share of the camera's interval, so
# that the mean is kept on it, and by this share of what the deadline leaves.
WAIT_OF_CAMERA, WAIT_OF_ROOM = 0.6, 0.5
# Sent at the pace of the service, a frame that found the server busy leaves the next one the same
# wait: this share of it is made up for with each frame, as three of five answers move the median.
DRAINED_SHARE = 0.3
# However slow it is said to be, a frame goes so often: otherwise a recovery would stay unseen.
LONGEST_INTERVAL_S = 2.0


class ServerPace:
    """Space frames by the server's service, where it is longer than the camera's interval."""

    def __init__(self, camera_s: float) -> None:
        """`camera_s` is the interval at which frames are offered."""
        self._camera_s = camera_s
        self._free_s = -inf

    def interval_s(self, server: ServerTime) -> float:
        """Give the interval between frames that are sent."""
        return max(self._camera_s, min(PACE_SHARE * server.service_s, LONGEST_INTERVAL_S))

    def admits(self, room_s: float, now_s: float) -> bool:
        """Say whether a frame may go, whose deadline leaves so much beside path and server."""
        wait_s = min(WAIT_OF_CAMERA * self._camera_s, WAIT_OF_ROOM * room_s)
        return now_s >= self._free_s - wait_s

    def on_sent(self, server: ServerTime, now_s: float) -> None:
        """
        Note a frame that went: the server is free again when it has served it too.

        A frame that was sent sooner takes the place of the one that waits, so that only the one
        in hand is served before it.
        """
        interval_s = self.interval_s(server)
        waited_s = max(0.0, server.response_s - server.service_s - self._camera_s)
        self._free_s = min(max(self._free_s, now_s) + interval_s + DRAINED_SHARE * waited_s,
                           now_s + 2.0 * interval_s)
