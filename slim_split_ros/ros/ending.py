"""
How SIGINT and SIGTERM end a node at any moment: with exit status 0, quietly, within a second.

Nodes import it before everything else, so it imports nothing that takes time.
"""

from __future__ import annotations

import _thread
import os
import signal
import time
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# For the frame in hand and the farewell to the graph; then it ends all the same.
_LIMIT_S = 1.0


def end_at_once() -> None:
    """
    Let a signal end the process where it stands, while there is nothing to take leave of.

    Not by an exception: thrown into an import it is swallowed, or wrapped in another one.
    """
    for number in _SIGNALS:
        signal.signal(number, _end_now)


class Ending:
    """
    Note that a signal came, and give the process a limited time from then on.

    rclpy's own handlers, which wake the executor, are put on top of these and call them; what
    came before that is noted here alone.
    """

    def __init__(self) -> None:
        self._is_asked = False
        for number in _SIGNALS:
            signal.signal(number, self._note)

    @property
    def is_asked(self) -> bool:
        """Whether a signal has come."""
        return self._is_asked

    def close(self) -> None:
        """Ignore signals from now on: the interpreter would die of one during its own end."""
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if not self._is_asked:
            self._is_asked = True
            # Not threading.Thread, whose locks the interrupted code may hold.
            _thread.start_new_thread(_end_later, ())


def _end_now(number: int, frame: FrameType | None) -> None:
    os._exit(0)


def _end_later() -> None:
    time.sleep(_LIMIT_S)
    os._exit(0)
