"""
Which width comes next, so that every width sees the same scenes?

Widths that change every few seconds are compared on scenes of different difficulty: the widest
once showed the lowest recall because it had the fullest hall.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
import random
import time

from rclpy.parameter import Parameter
from rclpy.parameter_client import AsyncParameterClient
from rclpy.task import Future

from slim_split_ros.demo.errors import DemoError
from slim_split_ros.demo.observer import FrameRecord

_SET_LIMIT_S = 5.0


class WidthTurns:
    """Choose one of the widths with the fewest frames, at random, so that no period is met."""

    def __init__(self, widths: Sequence[float], seed: int = 0) -> None:
        self._widths = tuple(widths)
        self._random = random.Random(seed)

    def next(self, frames: Mapping[float, int]) -> float:
        """
        Return the width of the next frame; `frames` counts those encoded so far by width.

        >>> WidthTurns((0.25, 0.5, 1.0)).next({0.25: 3, 1.0: 2})
        0.5
        """
        fewest = min(frames.get(width, 0) for width in self._widths)
        return self._random.choice(
            [width for width in self._widths if frames.get(width, 0) == fewest])


class WidthSetter:
    """
    Set the width of the next frame as soon as one frame has been seen; without widths, nothing.

    `first` is how many frames are not counted.
    """

    def __init__(
        self, widths: tuple[float, ...], client: AsyncParameterClient, first: int
    ) -> None:
        self._widths = widths
        self._turns = WidthTurns(widths)
        self._client = client
        self._counted = first
        self._frames: Counter[float] = Counter()
        self._width = 0.0
        self._asked_s = 0.0
        self._answer: Future | None = None

    def follow(self, encoded: Sequence[FrameRecord]) -> None:
        """Ask for another width if a frame has come; raise DemoError where that is refused."""
        if self._answer is not None:
            self._check(self._answer)
        if self._widths and self._answer is None and len(encoded) > self._counted:
            self._frames.update(seen.width for seen in encoded[self._counted:])
            self._counted = len(encoded)
            self._width = self._turns.next(self._frames)
            self._asked_s = time.monotonic()
            self._answer = self._client.set_parameters([Parameter('width', value=self._width)])

    def _check(self, answer: Future) -> None:
        if answer.done():
            self._answer = None
            result, = answer.result().results
            if not result.successful:
                raise DemoError(
                    f'the onboard node refused width {self._width}: {result.reason}')
        elif time.monotonic() - self._asked_s > _SET_LIMIT_S:
            raise DemoError(
                f'the onboard node did not answer when asked for width {self._width}')
