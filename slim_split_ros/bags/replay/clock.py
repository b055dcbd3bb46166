"""The clock of a replay: the bag's, moved on by the times of the model's table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from slim_split_ros.control import OperatingPoints
from slim_split_ros.onboard import Encoded, FrameEncoder

if TYPE_CHECKING:
    import numpy as np

    from slim_split_ros.onboard.pixels import ChannelOrder

_S_PER_MS = 1e-3


class ReplayClock:
    """Stand at `now_s` until somebody sets it; call it to read it."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        """Return the time, seconds since the first image."""
        return self.now_s

    def advance_to(self, now_s: float) -> None:
        """Go on to a time, unless that has passed."""
        self.now_s = max(self.now_s, now_s)


class TableTimedEncoder:
    """
    Encode for real, and let the replay's clock go on by what the table says for the point.

    So what a policy decides does not depend on how busy the machine is: the same bag gives the
    same frames. A point without a measured time takes none. `measured_ms` is what the frames
    since the last `take_measured_ms` took on this machine.
    """

    def __init__(
        self, encoder: FrameEncoder, points: OperatingPoints, clock: ReplayClock
    ) -> None:
        self._encoder = encoder
        self._points = points
        self._clock = clock
        self._measured_ms = 0.0

    def encode(
        self, image: np.ndarray, width: float, rate: int, channel_order: ChannelOrder, coder: str,
        alone: bool,
    ) -> Encoded:
        """Encode as FrameEncoder does; `encode_ms` of the result is the table's."""
        encoded = self._encoder.encode(image, width, rate, channel_order, coder, alone)
        self._measured_ms += encoded.encode_ms
        point = None
        if self._points.is_measured:
            point = self._points.find(width, rate, coder, encoded.alone)
        encode_ms = 0.0 if point is None else point.encode_ms
        self._clock.now_s += encode_ms * _S_PER_MS
        return replace(encoded, encode_ms=encode_ms)

    def forget(self) -> None:
        """Let the next frame need none, as FrameEncoder does."""
        self._encoder.forget()

    def take_measured_ms(self) -> float:
        """Return what was measured since the last call."""
        measured_ms, self._measured_ms = self._measured_ms, 0.0
        return measured_ms
