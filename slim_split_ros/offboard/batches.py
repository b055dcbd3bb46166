"""
Which frames are served together: robots by turns, of what is there as much as a time allows.

Which of a robot's senders comes first is `reception.py`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math

from slim_split_ros.offboard.reception import Reception
from slim_split_ros.offboard.sender import Received
from slim_split_ros.offboard.turns import LEAST_S, ServiceTurns

# The first frame of a batch waits for the last: a tenth of the robots' default deadline.
BATCH_S = 0.03
# Of the newest batch in what a frame is believed to take.
_NEWEST = 0.2


@dataclass(frozen=True, slots=True)
class Turn:
    """Hold a frame that is served now, and whose it is."""

    robot: str
    received: Received


class Batches:
    """
    Choose what is served next, and share the service time between robots; for one thread.

    Nobody is waited for: a batch is what came while the one before was served. `most` is how many
    frames are worth a run of the server's network.

        batch, too_old = batches.next_batch(receptions, time.monotonic())
        batches.charge(receptions, batch, services_s)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._turns: ServiceTurns[str] = ServiceTurns()
        self._last_turn_s: dict[str, float] = {}
        self._last_choice_s = -math.inf
        # Unknown at first: then one frame goes alone.
        self._frame_s = BATCH_S

    def next_batch(
        self, receptions: Mapping[str, Reception], now_s: float
    ) -> tuple[list[Turn], Counter[str]]:
        """
        Take the frames whose turn it is from the robots' receptions, none if none waits.

        Also returns how many frames of each robot were past the deadline.
        """
        self._forget(receptions)
        too_old = Counter({robot: reception.drop_old(now_s)
                           for robot, reception in receptions.items()})
        batch: list[Turn] = []
        taken: Counter[str] = Counter()
        while len(batch) < max(1, min(self._most, int(BATCH_S / max(self._frame_s, LEAST_S)))):
            newest_s = {robot: arrival_s for robot, reception in receptions.items()
                        if (arrival_s := reception.newest_s()) is not None}
            if not newest_s:
                break
            robot = min(self._turns.of_round(newest_s), key=lambda robot: (
                taken[robot], newest_s[robot] <= self._last_choice_s,
                self._last_turn_s.get(robot, -math.inf)))
            received, _ = receptions[robot].next_frame(now_s)
            batch.append(Turn(robot, received))
            taken[robot] += 1
        if batch:
            self._last_choice_s = now_s
            self._last_turn_s |= dict.fromkeys(taken, now_s)
        return batch, too_old

    def charge(
        self, receptions: Mapping[str, Reception], batch: Sequence[Turn],
        services_s: Sequence[float]
    ) -> None:
        """Note how much of the time each frame of a batch took, whatever came of it."""
        self._frame_s += _NEWEST * (sum(services_s) / len(batch) - self._frame_s)
        for turn, service_s in zip(batch, services_s, strict=True):
            self._turns.charge(turn.robot, service_s)
            receptions[turn.robot].charge(turn.received, service_s)

    def _forget(self, receptions: Mapping[str, Reception]) -> None:
        self._turns.keep(receptions)
        self._last_turn_s = {
            robot: turn_s for robot, turn_s in self._last_turn_s.items() if robot in receptions}
