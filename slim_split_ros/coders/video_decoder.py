"""
One sender's H.264 frames to pictures, by FFmpeg through PyAV, which gets nothing unbounded.

Which frame leans on which is the header's and the caller's; here is what was decoded last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from slim_split_ros.coders.access_unit import check_access_unit
from slim_split_ros.coders.availability import why_no_video_decoding
from slim_split_ros.coders.errors import CoderMissingError, MissingReferenceError, StreamError
from slim_split_ros.wire.payload import Coder
from slim_split_ros.wire.video_settings import CodedSize

if TYPE_CHECKING:
    import av

# A picture without any compression is 1.5 bytes a pixel, and H.264 is never much beyond.
MOST_BYTES_PER_PIXEL = 2
MOST_EXTRA_BYTES = 1024
PIXEL_FORMATS = ('yuv420p', 'yuvj420p')  # the latter where a stream says full range


class VideoDecoder:
    """
    Decode the frames of one sender in their order, one thread and one picture each.

    It holds a few pictures of the last size, nothing more. Raises CoderMissingError where the
    machine cannot.

        decoder = VideoDecoder()
        picture = decoder.decode(encoded.payload, CodedSize(320, 240), encoded.alone)
    """

    def __init__(self) -> None:
        if missing := why_no_video_decoding():
            raise CoderMissingError(missing)
        self._context: av.CodecContext | None = None
        self._size: CodedSize | None = None

    def decode(self, payload: bytes, size: CodedSize, alone: bool) -> np.ndarray:
        """
        Decode a payload of this size to a new picture, uint8 (H, W, 3), BGR.

        Whatever the bytes are, this returns that or raises StreamError, after which frames that
        are not `alone` are refused until one is; MissingReferenceError where none was decoded.
        """
        if not alone and (self._context is None or size != self._size):
            raise MissingReferenceError(
                "a frame that needs another came without it: the sender's next frame that "
                'decodes alone mends that')
        context, self._context = self._context, None
        stream = _check_payload(payload, size)
        check_access_unit(stream, size, alone)
        if alone:
            # As cheap as to flush one, and nothing of the stream before remains.
            context, self._size = _open(), size
        picture = _decode(context, stream, size)
        self._context = context
        return picture


def check_video_payload(payload: bytes, size: CodedSize) -> None:
    """Raise StreamError for what another coder made, and for what is too long for any frame."""
    _check_payload(payload, size)


def _check_payload(payload: bytes, size: CodedSize) -> bytes:
    if not payload or payload[0] != Coder.H264:
        raise StreamError(f'payload starts with {bytes(payload[:1]).hex() or "nothing"}, video '
                          f'with {Coder.H264:02x}')
    limit = MOST_BYTES_PER_PIXEL * size.width * size.height + MOST_EXTRA_BYTES
    if len(payload) > limit:
        raise StreamError(f'payload has {len(payload)} bytes, a picture of '
                          f'{size.width}x{size.height} takes at most {limit}')
    return bytes(payload[1:])


def _open() -> av.CodecContext:
    import av

    context = av.CodecContext.create('h264', 'r')
    context.thread_count = 1
    # A damaged frame is an error, never a guess.
    context.options = {'err_detect': 'explode', 'ec': '0', 'flags': '+low_delay'}
    return context


def _decode(context: av.CodecContext, stream: bytes, size: CodedSize) -> np.ndarray:
    import av

    try:
        frames = context.decode(av.Packet(stream))
    except av.FFmpegError as error:
        raise StreamError(f'stream cannot be decoded: FFmpeg says {error}') from error
    if len(frames) != 1:
        raise StreamError(f'stream gave {len(frames)} frames, must give 1')
    (frame,) = frames
    if (frame.width, frame.height) != (size.width, size.height):
        raise StreamError(f'stream gave a picture of {frame.width}x{frame.height} pixels, its '
                          f'header implies {size.width}x{size.height}')
    if frame.format.name not in PIXEL_FORMATS or frame.is_corrupt:
        raise StreamError(f'stream gave a damaged picture, or one of {frame.format.name}')
    return cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2BGR_I420)
