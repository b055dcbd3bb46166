"""Calls at a later time, in the order of these times, by one thread."""

from collections.abc import Callable
import heapq
from threading import Condition, Thread
import time

_JOIN_LIMIT_S = 2.0


class DelayedCalls:
    """Call functions at times of the monotonic clock; what is still waiting at the end is not."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._stopped = False
        self._changed = Condition()
        self._thread = Thread(target=self._run, name='delayed calls', daemon=True)
        self._thread.start()

    def add(self, due_s: float, call: Callable[[], None]) -> None:
        """Call it at `due_s`, or at once if that has passed; equal times in the order added."""
        with self._changed:
            heapq.heappush(self._waiting, (due_s, self._count, call))
            self._count += 1
            self._changed.notify()

    def stop(self) -> None:
        """End the thread; wait, for a limited time, for the call in progress."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join(_JOIN_LIMIT_S)

    def _run(self) -> None:
        while (call := self._next()) is not None:
            call()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._stopped:
                if not self._waiting:
                    self._changed.wait()
                    continue
                left_s = self._waiting[0][0] - time.monotonic()
                if left_s <= 0.0:
                    return heapq.heappop(self._waiting)[2]
                self._changed.wait(left_s)
        return None
