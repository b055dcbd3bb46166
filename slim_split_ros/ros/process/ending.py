"""
How a node's process ends: by a signal at any moment, and by a package that is missing.

SIGINT and SIGTERM give exit status 0 within a second, quietly. Nodes import this before
everything else, so it imports nothing that takes time.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import time
from types import FrameType, TracebackType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_OF_BAGS = 'rosbags mcap rosbags-image'
# What pip brings, by the name that is imported.
_BY_PIP = {'onnxruntime': 'onnxruntime', 'zstandard': 'zstandard', 'panda3d': 'panda3d',
           'rosbags': _OF_BAGS, 'mcap': _OF_BAGS}
# For the frame in hand and the farewell to the graph; then it ends all the same.
_LIMIT_S = 1.0


def end_quietly() -> None:
    """
    Let a signal end the process where it stands, while there is nothing to take leave of.

    Not by an exception: thrown into an import it is swallowed, or wrapped in another one. A
    package that is not installed is named in one line.
    """
    for number in _SIGNALS:
        signal.signal(number, _end_now)
    sys.excepthook = _explain


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
            # What the signal keeps from being made whole, as an executor of rclpy, prints a
            # traceback when it is collected.
            sys.unraisablehook = _ignore
            # Not threading.Thread, whose locks the interrupted code may hold.
            _thread.start_new_thread(_end_later, ())


def _end_now(number: int, frame: FrameType | None) -> None:
    os._exit(0)


def _explain(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    name = str(getattr(error, 'name', ''))
    is_ours = name.startswith('slim_split_ros.') and name != 'slim_split_ros.msg'
    if isinstance(error, ModuleNotFoundError) and not is_ours:
        package = name.partition('.')[0]
        remedy = f'pip install {_BY_PIP[package]}' if package in _BY_PIP else (
            'OpenCV and what belongs to ROS come with rosdep and colcon')
        print(f'{name} is not installed for {sys.executable}: activate the virtual environment '
              f'that it is in; or {remedy}; or `make setup` in a checkout', file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def _ignore(unraisable: object) -> None:
    pass


def _end_later() -> None:
    time.sleep(_LIMIT_S)
    os._exit(0)
