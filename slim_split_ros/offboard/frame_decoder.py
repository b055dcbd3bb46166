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
    """A decoder, and the frame that its next one may lean on: None before the first."""

    decoder: VideoDecoder = field(default_factory=VideoDecoder)
    decoded_sequence: int | None = None


@dataclass(slots=True)
class _Video:
    """What is known of a sender's video: that of the newest frame, and one that lags behind."""

    newest: _Stream = field(default_factory=_Stream)
    # Begun by a frame that was overtaken, or whose numbers start again: a recording that is
    # played twice. It becomes the newest once its numbers are.
    older: _Stream | None = None
    last_s: float = -math.inf

    def stream_of(self, sequence: int, reference: int | None) -> _Stream:
        """Return the stream that a frame continues or begins; raises ReferenceLostError."""
        newest = self.newest
        if reference is not None:
            for stream in filter(None, (newest, self.older)):
                if stream.decoded_sequence == reference:
                    return stream
            raise ReferenceLostError(
                f'it needs frame {reference}, which was lost, refused or overtaken; the '
                "robot's next frame that decodes alone mends that")
        if newest.decoded_sequence is None or not _is_before(sequence, newest.decoded_sequence):
            return newest
        # One that was overtaken must not interrupt those that lean on the newer.
        self.older = _Stream()
        return self.older

    def decoded(self, stream: _Stream, sequence: int) -> None:
        """Note what the next frame of a stream may lean on."""
        stream.decoded_sequence = sequence
        newest = self.newest.decoded_sequence
        if stream is self.older and (newest is None or not _is_before(sequence, newest)):
            self.newest, self.older = stream, None


class FrameDecoder:
    """
    Decode the frames of all senders; for one thread.

        decoder = FrameDecoder(manifest)
        decoded = decoder.decode(received.frame, received.earlier, received.arrival_s)
    """

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._videos: OrderedDict[int, _Video] = OrderedDict()

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
        video = self._video(header.sender_start_ns, now_s)
        stream = video.stream_of(header.sequence, header.reference)
        stream.decoded_sequence = None
        try:
            picture = stream.decoder.decode(
                frame.payload, video_size(header, self._manifest), header.reference is None)
        except CoderError as error:
            raise PayloadError(str(error)) from error
        video.decoded(stream, header.sequence)
        return picture

    def _video(self, sender_start_ns: int, now_s: float) -> _Video:
        """Return a sender's video, and forget that of senders that are silent."""
        video = self._videos.pop(sender_start_ns, None) or _Video()
        video.last_s = now_s
        self._videos[sender_start_ns] = video
        while (now_s - next(iter(self._videos.values())).last_s > FORGET_S
               or len(self._videos) > MOST_STREAMS):
            self._videos.popitem(last=False)
        return video


def _is_before(sequence: int, other: int) -> bool:
    """Tell the older of two numbers of 32 bits, which start again at 0."""
    return 0 < (other - sequence) % _SEQUENCES <= _SEQUENCES // 2
