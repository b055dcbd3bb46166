"""
Which replica keeps whose video? One each, for as long as both are there, and about as many each.

Serve's own multiplexing also gives a busy replica's work to another one, and then to both in
turn; a decoder that lacks every second frame is of no use.
"""

from __future__ import annotations

from collections.abc import Collection
import math

# As long as a sender is remembered.
FORGET_S = 10.0


class Places:
    """
    Remember who keeps what; for one thread, the clock is an argument.

    >>> places = Places()
    >>> [places.keeper(place, ['a', 'b'], 0.0) for place in ('video1', 'video2', 'video1')]
    ['a', 'b', 'a']
    """

    def __init__(self) -> None:
        self._keepers: dict[str, str] = {}
        self._used_s: dict[str, float] = {}

    def keeper(self, place: str, replicas: Collection[str], now_s: float) -> str:
        """Return which of the replicas, at least one, has a place; it may be a new one."""
        self._forget(now_s)
        kept = dict.fromkeys(sorted(replicas), 0)
        for other, keeper in self._keepers.items():
            if other != place and keeper in kept:
                kept[keeper] += 1
        least = min(kept, key=kept.__getitem__)
        # Moving costs a frame: only if that makes both more alike, as after one was replaced.
        if kept.get(self._keepers.get(place, ''), math.inf) > kept[least]:
            self._keepers[place] = least
        self._used_s[place] = now_s
        return self._keepers[place]

    def _forget(self, now_s: float) -> None:
        old = [place for place, used_s in self._used_s.items() if now_s - used_s > FORGET_S]
        for place in old:
            del self._used_s[place], self._keepers[place]
