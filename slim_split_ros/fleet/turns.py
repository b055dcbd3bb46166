"""
Whose frame goes to the cluster next: one in flight a robot, fair, and no more than it can take.

What waits stays with the node, where a newer frame takes its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
import math

from slim_split_ros.offboard import Reception, Turn
from slim_split_ros.offboard.turns import ServiceTurns


class FleetTurns:
    """
    Choose frames for a cluster, and share its time between robots; for one thread.

        turns, too_old = fleet_turns.next_frames(receptions, most=4, now_s=time.monotonic())
        fleet_turns.ended(turn, receptions, service_s)
    """

    def __init__(self) -> None:
        self._turns: ServiceTurns[str] = ServiceTurns()
        self._in_flight: set[str] = set()
        self._last_turn_s: dict[str, float] = {}

    @property
    def in_flight(self) -> int:
        """How many frames are with the cluster now."""
        return len(self._in_flight)

    def next_frames(
        self, receptions: Mapping[str, Reception], most: int, now_s: float
    ) -> tuple[list[Turn], Counter[str]]:
        """
        Take the frames that go now, so that no more than `most` are with the cluster.

        Also returns how many frames of each robot were past the deadline.
        """
        self._turns.keep(receptions)
        self._last_turn_s = {
            robot: turn_s for robot, turn_s in self._last_turn_s.items() if robot in receptions}
        too_old = Counter({robot: reception.drop_old(now_s)
                           for robot, reception in receptions.items()})
        chosen: list[Turn] = []
        while len(self._in_flight) < most:
            waiting = [robot for robot, reception in receptions.items()
                       if robot not in self._in_flight and reception.newest_s() is not None]
            if not waiting:
                break
            robot = min(self._turns.of_round(waiting), key=lambda robot: self._last_turn_s.get(
                robot, -math.inf))
            received, _ = receptions[robot].next_frame(now_s)
            self._in_flight.add(robot)
            self._last_turn_s[robot] = now_s
            chosen.append(Turn(robot, received))
        return chosen, too_old

    def ended(
        self, turn: Turn, receptions: Mapping[str, Reception], service_s: float
    ) -> None:
        """Note that a frame is back, whatever came of it, and what it took."""
        self._in_flight.discard(turn.robot)
        if turn.robot in receptions:
            self._turns.charge(turn.robot, service_s)
            receptions[turn.robot].charge(turn.received, service_s)
