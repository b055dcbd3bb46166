"""Plain H.264 as people really send it: stock libx264 through PyAV, which need not be there."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
import time
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from slim_split_ros.coders.access_unit import SEI, join_units, split_units

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

PRESET = 'veryfast'
FRAME_RATE = 10  # named in the stream; with constant rate factors it changes no bit
MS_PER_S = 1000.0


class H264Encoder:
    """
    Encode pictures of one size; each as a stream of its own, or all as one with a key frame.

    Opening a stream is not part of the time: a robot does it once.
    """

    def __init__(self, scale: float, crf: int, keeps_stream: bool,
                 clock: Callable[[], float] = time.perf_counter) -> None:
        self._scale = scale
        self._crf = crf
        self._keeps_stream = keeps_stream
        self._clock = clock
        self._context = None
        self._count = 0

    def encode(self, image: NDArray[np.uint8]) -> tuple[bytes, float]:
        """Shrink and encode uint8 (H, W, 3), BGR; return the access unit and milliseconds."""
        height, width = image.shape[:2]
        size = _even(width * self._scale), _even(height * self._scale)
        if self._context is None or not self._keeps_stream:
            self._context = self._open(*size)
        started_s = self._clock()
        # Area below three quarters: linear interpolation would skip pixels there.
        shrunk = image if size == (width, height) else cv2.resize(
            image, size, interpolation=cv2.INTER_AREA if self._scale < 0.7 else cv2.INTER_LINEAR)
        unit = b''.join(bytes(packet) for packet in self._context.encode(self._frame(shrunk)))
        encode_ms = MS_PER_S * (self._clock() - started_s)
        return without_sei(unit), encode_ms

    def _open(self, width: int, height: int) -> object:
        import av

        context = av.CodecContext.create('libx264', 'w')
        context.width, context.height, context.pix_fmt = width, height, 'yuv420p'
        context.time_base = Fraction(1, FRAME_RATE)
        context.thread_count = 1
        interval = 'infinite' if self._keeps_stream else '1'
        context.options = {
            'preset': PRESET, 'tune': 'zerolatency', 'crf': str(self._crf),
            'x264-params': f'keyint={interval}:bframes=0:repeat-headers=1'}
        context.open()
        self._count = 0
        return context

    def _frame(self, image: NDArray[np.uint8]) -> VideoFrame:
        import av

        # OpenCV takes half of the time that FFmpeg's own conversion takes.
        planes = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)
        frame = av.VideoFrame.from_ndarray(planes, format='yuv420p')
        frame.pts = self._count
        self._count += 1
        return frame


class H264Decoder:
    """Decode the access units of one stream, in order."""

    def __init__(self) -> None:
        import av

        self._context = av.CodecContext.create('h264', 'r')
        self._context.thread_count = 1  # several hold frames back
        self._context.flags |= av.codec.context.Flags.low_delay

    def decode(self, unit: bytes) -> NDArray[np.uint8]:
        """Return the picture of a unit, uint8 (H, W, 3), BGR, as large as it was coded."""
        import av

        (frame,) = self._context.decode(av.Packet(unit))
        return frame.to_ndarray(format='bgr24')


def without_sei(unit: bytes) -> bytes:
    """
    Return an access unit (Annex B) without what only tells of the encoder's options.

    >>> without_sei(bytes([0, 0, 0, 1, 0x67, 9, 0, 0, 1, 6, 5, 0, 0, 1, 0x65, 7])).hex(' ', 4)
    '00000001 67090000 016507'
    """
    return join_units([part for part in split_units(unit) if part.kind != SEI])


def _even(side: float) -> int:
    """Return a side that halves for colour."""
    return max(2, 2 * round(side / 2))
