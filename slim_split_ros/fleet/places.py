"""
Which replica keeps whose video? One each, for as long as both are there, and about as many each.

Serve's own multiplexing also gives a busy replica's work to another one, and then to both in
turn; a decoder that lacks every second frame is of no use. Nor does Serve look past a replica
that hangs, or whose machine is gone, before it has been ill for some 15 s.
"""

from __future__ import annotations

from collections.abc import Collection
import math
from zlib import crc32

from slim_split_ros.offboard import LONGEST_WAIT_S

# As long as a sender is remembered.
FORGET_S = 10.0
# A replica that for so long neither took anything nor said that it has enough makes every frame
# late that waits for it.
SILENT_S = LONGEST_WAIT_S
# When such a one is tried again, at the cost of a frame: Serve has replaced it long before.
RETRY_S = 30.0


class Places:
    """
    Remember who keeps what, and who takes nothing; for one thread, the clock is an argument.

    >>> places = Places()
    >>> keepers = [places.keeper(place, ['a', 'b'], 0.0) for place in ('video1', 'video2')]
    >>> sorted(keepers), places.keeper('video1', ['a', 'b'], 0.0) == keepers[0]
    (['a', 'b'], True)
    """

    def __init__(self) -> None:
        self._keepers: dict[str, str] = {}
        self._used_s: dict[str, float] = {}
        # Since when requests are there for a replica, which took none of them so far.
        self._wanted_s: dict[str, float] = {}

    def keeper(self, place: str, replicas: Collection[str], now_s: float) -> str:
        """Return which of the replicas, at least one, has a place; it may be a new one."""
        self._forget(now_s)
        kept = dict.fromkeys(self.speaking(replicas, now_s), 0)
        for other, keeper in self._keepers.items():
            if other != place and keeper in kept:
                kept[keeper] += 1
        # Several nodes know nothing of each other, and would all begin with the same.
        least = min(kept, key=lambda name: (kept[name], crc32(f'{place} {name}'.encode())))
        # Moving costs a frame: only if that makes both more alike, as after one was replaced.
        if kept.get(self._keepers.get(place, ''), math.inf) > kept[least]:
            self._keepers[place] = least
        self._used_s[place] = now_s
        keeper = self._keepers[place]
        self._wanted_s.setdefault(keeper, now_s)
        return keeper

    def heard(self, replica: str) -> None:
        """Note that a replica took a request, or said that it has enough."""
        self._wanted_s.pop(replica, None)

    def speaking(self, replicas: Collection[str], now_s: float) -> list[str]:
        """Return those that are not silent, or all where all are."""
        return [replica for replica in replicas
                if now_s - self._wanted_s.get(replica, now_s) <= SILENT_S] or list(replicas)

    def _forget(self, now_s: float) -> None:
        old = [place for place, used_s in self._used_s.items() if now_s - used_s > FORGET_S]
        for place in old:
            del self._used_s[place], self._keepers[place]
        self._wanted_s = {replica: wanted_s for replica, wanted_s in self._wanted_s.items()
                          if now_s - wanted_s <= RETRY_S}
