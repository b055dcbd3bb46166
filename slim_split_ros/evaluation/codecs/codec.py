"""What is compared: whatever turns a picture into something sent, and that into detections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from slim_split_ros.detectors.detections import Detections
from slim_split_ros.evaluation.figures.points import Setting

MAX_DETECTIONS = 100  # COCO's
FRAME_ID = 'camera'


@dataclass(frozen=True, slots=True)
class Sent:
    """Hold a picture after the robot's side; `content` is what the other side reads."""

    content: Any
    bytes: int  # everything handed to the middleware
    encode_ms: float
    network_ms: float


class Codec(Protocol):
    """Two sides of one way to get detections off a robot, at each of its settings."""

    settings: list[Setting]

    def encode(self, image: NDArray[np.uint8], setting: Setting) -> Sent:
        """Do the robot's side on uint8 (H, W, 3), BGR, timed and on one thread."""

    def detect(self, sent: Sent, setting: Setting) -> Detections:
        """Do the server's side; called from several threads at once."""


class VideoStream(Protocol):
    """Both sides of one clip, frame by frame and in order."""

    def encode(self, image: NDArray[np.uint8]) -> Sent:
        """Do the robot's side on uint8 (H, W, 3), BGR, timed and on one thread."""

    def receive(self, sent: Sent) -> Any:
        """Decode on the server what may need the frame before."""

    def detect(self, received: Any) -> Detections:
        """Find objects in what was received; called from several threads at once."""


class VideoCodec(Protocol):
    """A way to get detections of a clip off a robot, at each of its settings."""

    settings: list[Setting]

    def start(self, setting: Setting) -> VideoStream:
        """Begin a clip that knows nothing of any other."""
