"""
When the frames of a camera, a folder or a bag are published: each at its own time.

A thread gets the next frame ready ahead of time (rendering, decoding), waits until it is due,
and hands it over. A frame that is not ready in time shifts all that follow: a camera does not
catch up in bursts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event, Thread
import time
from typing import Generic, TypeVar

Frame = TypeVar('Frame')

_TOLERATED_S = 0.02
# The last messages need a moment to leave before the node ends.
_LINGER_S = 0.3
_JOIN_LIMIT_S = 2.0
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class TimedFrame(Generic[Frame]):
    """Hold a frame and when it is due, seconds after the start."""

    due_s: float
    frame: Frame


class FramePump(Generic[Frame]):
    """
    Hand frames over at their times, in a thread of its own.

    `on_end` is called once, with what the frames raised or None when they ended. `is_heard`
    says whether somebody listens: frames that end are not sent to nobody.
    """

    def __init__(
        self,
        frames: Iterator[TimedFrame[Frame]],
        publish: Callable[[Frame], None],
        on_end: Callable[[Exception | None], None],
        is_heard: Callable[[], bool] = lambda: True,
    ) -> None:
        self._frames = frames
        self._publish = publish
        self._on_end = on_end
        self._is_heard = is_heard
        self._patience_s = 0.0
        self._stopped = Event()
        self._thread = Thread(target=self._run, name='pump', daemon=True)

    def start(self, patience_s: float = 0.0) -> None:
        """Publish the first frame once it is ready and heard, or patience has run out."""
        self._patience_s = patience_s
        self._thread.start()

    def stop(self) -> None:
        """Stop before the next frame and wait, for a limited time, for the thread."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_LIMIT_S)

    def _run(self) -> None:
        try:
            self._publish_all()
        except Exception as error:  # the border of the thread: the node decides what it means
            self._end(error)
        else:
            self._end(None)

    def _publish_all(self) -> None:
        start_s: float | None = None
        self._wait_for_listener()
        for timed in self._frames:
            now_s = time.monotonic()
            if start_s is None:
                start_s = now_s - timed.due_s
            late_s = now_s - start_s - timed.due_s
            if late_s > _TOLERATED_S:
                start_s += late_s
            if self._stopped.wait(max(0.0, -late_s)):
                return
            self._publish(timed.frame)
        self._stopped.wait(_LINGER_S)

    def _wait_for_listener(self) -> None:
        give_up_s = time.monotonic() + self._patience_s
        while not self._is_heard() and time.monotonic() < give_up_s:
            if self._stopped.wait(_POLL_S):
                return

    def _end(self, error: Exception | None) -> None:
        if not self._stopped.is_set():
            self._on_end(error)
