"""Our codec on video, as the two nodes run it: every frame alone."""

from __future__ import annotations

from slim_split_ros.evaluation.codec import VideoStream
from slim_split_ros.evaluation.model_codec import ModelCodec, slim_settings
from slim_split_ros.evaluation.points import Setting
from slim_split_ros.evaluation.still_video import StillVideoStream
from slim_split_ros.wire.manifest import Manifest


class SlimVideoCodec:
    """Send clips at every setting of a model."""

    def __init__(self, manifest: Manifest) -> None:
        self.settings = slim_settings(manifest)
        self._stills = ModelCodec(manifest, self.settings)

    def start(self, setting: Setting) -> VideoStream:
        """Begin a clip."""
        return StillVideoStream(self._stills, setting)
