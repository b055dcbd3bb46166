"""Whether somebody wants a command to end, without breaking into what it is doing."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType

from slim_split_ros.demo.errors import DemoError

# Ctrl-C, the wish of a supervisor, a terminal that was closed.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """
    Note the signals that ask for an end while the context is open.

    An exception from a signal could come between the start of a process and the line that
    remembers it; a note is looked at where ending is safe.
    """

    def __init__(self) -> None:
        self._came = False
        self._before = {}

    def check(self) -> None:
        """Raise DemoError if a signal has come."""
        if self._came:
            raise DemoError('interrupted before it was done')

    def __enter__(self) -> Interruption:
        # What is ignored stays so: `nohup`, or a job that a script put into the background.
        heeded = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._note) for number in heeded}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._came = True
