"""
The way from any sender's frame to what the server serves: symbols, or a picture of its video.

Video is decoded in each sender's order; which frame is served, and when, is not decided here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
import math

import numpy as np

from slim_split_ros.coders import CoderError, VideoDecoder
from slim_split_ros.offboard.decode import (
    PictureInput,
    ServerInput,
    check_frame,
    decode_frame,
    is_video,
    video_size,
)
from slim_split_ros.offboard.errors import OffboardError, ReferenceLostError
from slim_split_ros.wire.errors import PayloadError, WireError
from slim_split_ros.wire.header import Frame
from slim_split_ros.wire.manifest import Manifest

# As many as wait for their turn; a decoder holds a few pictures.
MOST_STREAMS = 64
# As long as a sender is remembered.
FORGET_S = 10.0
_SEQUENCES = 2**32


@dataclass(slots=True)
class _Stream:
    decoder: VideoDecoder = field(default_factory=VideoDecoder)
    decoded_sequence: int | None = None
    last_s: float = -math.inf


class FrameDecoder:
    """
    Decode the frames of all senders; for one thread.

        decoder = FrameDecoder(manifest)
        decoded = decoder.decode(received.frame, received.earlier, received.arrival_s)
    """

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._streams: OrderedDict[int, _Stream] = OrderedDict()

    def decode(
        self, frame: Frame, earlier: Sequence[Frame] = (), now_s: float = 0.0
    ) -> ServerInput | PictureInput:
        """
        Decode a frame whose checksum holds, after those of the same sender that came before.

        `earlier` are frames of video that nobody will see, oldest first. Raises
        FrameMismatchError for a frame of another model, PayloadError for a payload that does not
        hold what its header says, ReferenceLostError for a frame whose reference was not decoded,
        VideoMissingError where video cannot be decoded here.
        """
        for older in earlier:
            # It costs the frames that lean on it, which say so.
            with suppress(WireError, OffboardError):
                self._decode_video(older, now_s)
        if self._manifest.video and is_video(frame):
            return PictureInput(self._decode_video(frame, now_s), frame.header.geometry)
        return decode_frame(frame, self._manifest)

    def _decode_video(self, frame: Frame, now_s: float) -> np.ndarray:
        check_frame(frame, self._manifest)
        header = frame.header
        stream = self._stream(header.sender_start_ns, now_s)
        if header.reference is not None and header.reference != stream.decoded_sequence:
            raise ReferenceLostError(
                f'it needs frame {header.reference}, which was lost, refused or overtaken; the '
                "robot's next frame that decodes alone mends that")
        decoder = stream.decoder
        is_late = stream.decoded_sequence is not None and _is_before(
            header.sequence, stream.decoded_sequence)
        if is_late:
            # One that was overtaken must not interrupt those that lean on the newer.
            decoder = VideoDecoder()
        else:
            stream.decoded_sequence = None
        try:
            picture = decoder.decode(
                frame.payload, video_size(header, self._manifest), header.reference is None)
        except CoderError as error:
            raise PayloadError(str(error)) from error
        if not is_late:
            stream.decoded_sequence = header.sequence
        return picture

    def _stream(self, sender_start_ns: int, now_s: float) -> _Stream:
        """Return a sender's stream, and forget those of senders that are silent."""
        stream = self._streams.pop(sender_start_ns, None) or _Stream()
        stream.last_s = now_s
        self._streams[sender_start_ns] = stream
        while (now_s - next(iter(self._streams.values())).last_s > FORGET_S
               or len(self._streams) > MOST_STREAMS):
            self._streams.popitem(last=False)
        return stream


def _is_before(sequence: int, other: int) -> bool:
    """Tell the older of two numbers of 32 bits, which start again at 0."""
    return 0 < (other - sequence) % _SEQUENCES <= _SEQUENCES // 2
