"""A codec of stills on video: every frame is one more picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slim_split_ros.detectors.detections import Detections
from slim_split_ros.evaluation.codecs.codec import Codec, Sent
from slim_split_ros.evaluation.figures.points import Setting


class StillVideoCodec:
    """Let a codec of stills stand where one of video is asked for."""

    def __init__(self, codec: Codec) -> None:
        self.settings = codec.settings
        self._codec = codec

    def start(self, setting: Setting) -> StillVideoStream:
        """Begin a clip, which for stills means nothing."""
        return StillVideoStream(self._codec, setting)


class StillVideoStream:
    """Both sides of a clip of stills."""

    def __init__(self, codec: Codec, setting: Setting) -> None:
        self._codec = codec
        self._setting = setting

    def encode(self, image: NDArray[np.uint8]) -> Sent:
        """Encode one more picture."""
        return self._codec.encode(image, self._setting)

    def receive(self, sent: Sent) -> Sent:
        """Leave it all to `detect`: no picture needs another."""
        return sent

    def detect(self, received: Sent) -> Detections:
        """Decode and detect."""
        return self._codec.detect(received, self._setting)
