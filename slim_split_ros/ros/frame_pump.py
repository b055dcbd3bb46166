"""
Answer when the frames of a camera, a folder or a bag are published: each at its own time.

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


@dataclass(frozen=True, slots=True)
class TimedFrame(Generic[Frame]):
    """Hold a frame and when it is due, seconds after the start."""

    due_s: float
    frame: Frame


class FramePump(Generic[Frame]):
    """
    Hand frames over at their times, in a thread of its own.

    `on_end` is called once, with what the frames raised or None when they ended.
    """

    def __init__(
        self,
        frames: Iterator[TimedFrame[Frame]],
        publish: Callable[[Frame], None],
        on_end: Callable[[Exception | None], None],
    ) -> None:
        self._frames = frames
        self._publish = publish
        self._on_end = on_end
        self._stopped = Event()
        self._thread = Thread(target=self._run, name='pump', daemon=True)

    def start(self) -> None:
        """Publish the first frame as soon as it is ready."""
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

    def _end(self, error: Exception | None) -> None:
        if not self._stopped.is_set():
            self._on_end(error)
