"""Virtual time: what happens when, one after the other."""

from collections.abc import Callable
import heapq

Action = Callable[[float], object]


class Events:
    """
    Hold what is to happen; of what is due at one time, that which was planned first comes first.

    >>> events = Events()
    >>> events.push(2.0, lambda now_s: print('later', now_s))
    >>> events.push(1.0, lambda now_s: print('first', now_s))
    >>> events.run()
    first 1.0
    later 2.0
    """

    def __init__(self) -> None:
        """Start with nothing planned."""
        self._order = 0
        self._events: list[tuple[float, int, Action]] = []

    def push(self, time_s: float, action: Action) -> None:
        """Plan to call an action with that time."""
        self._order += 1
        heapq.heappush(self._events, (time_s, self._order, action))

    def run(self) -> None:
        """Let everything happen, and what is planned meanwhile."""
        while self._events:
            time_s, _, action = heapq.heappop(self._events)
            action(time_s)
