"""A thread in which the real link follows a trace on the steady clock."""

from __future__ import annotations

from math import inf
from threading import Event, Thread
import time

from slim_split_ros.linklab.link import QUEUE_WINDOW_S
from slim_split_ros.linklab.namespaces import Namespaces
from slim_split_ros.linklab.trace import Trace


class Shaper:
    """Set rate, queue and loss of every row in its turn, from `start` until `stop`."""

    def __init__(self, namespaces: Namespaces, trace: Trace, with_loss: bool) -> None:
        """Loss is followed `with_loss`, which only some machines can (`why_no_loss`)."""
        self._namespaces, self._trace, self._with_loss = namespaces, trace, with_loss
        self._stop = Event()
        self._thread = Thread(target=self._follow, name='shaper', daemon=True)
        self._started_s = 0.0
        self._error: Exception | None = None

    def open(self) -> None:
        """Let everything through, so that the two sides find each other."""
        self._namespaces.shape(1e6, 1e6)

    def start(self) -> None:
        """Begin with the first row now."""
        self._started_s = time.monotonic()
        self._thread.start()

    def check(self) -> None:
        """Raise what ended the thread before its time, NamespaceError where the link failed."""
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _follow(self) -> None:
        try:
            trace, first_s = self._trace, self._trace.rows[0].t_s
            for row, end_s in zip(trace.rows, self._ends_s(), strict=True):
                due_s = self._started_s + row.t_s - first_s
                if self._stop.wait(max(0.0, due_s - time.monotonic())):
                    return
                self._set(row.t_s - first_s, end_s - row.t_s)
        except Exception as error:  # noqa: B902 - told to the run, which ends
            self._error = error

    def _ends_s(self) -> list[float]:
        """Give when the rate of each row changes next, inf for the last."""
        ends_s, end_s, following = [], inf, None
        for row in reversed(self._trace.rows):
            if following is not None and row.rate_kbps != following.rate_kbps:
                end_s = following.t_s
            ends_s.append(end_s)
            following = row
        return ends_s[::-1]

    def _set(self, at_s: float, step_s: float) -> None:
        trace = self._trace
        begin_s = max(0.0, at_s - QUEUE_WINDOW_S)
        bits = trace.bits_until(at_s) - trace.bits_until(begin_s)
        queue_bytes = bits / 8.0 / max(at_s - begin_s, 1e-3) * QUEUE_WINDOW_S
        self._namespaces.shape(trace.rate_kbps(at_s + 1e-6), queue_bytes, step_s)
        if self._with_loss:
            self._namespaces.lose(trace.loss(at_s + 1e-6))
