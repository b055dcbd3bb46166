"""A few frames of a replay as pictures for its page: spread over all of it, however long it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from slim_split_ros.offboard import Detections, Served, draw_detections
from slim_split_ros.onboard import PixelView
from slim_split_ros.wire import FrameHeader

_MOST = 12
# Wider pictures are shrunk: dozens of them have to fit into one page.
_LARGEST_WIDTH = 640
_JPEG_QUALITY = 82


@dataclass(slots=True)
class ShownFrame:
    """Hold a frame's pictures, of which the camera's is shrunk; None where there is none."""

    stamp_ns: int
    image_width: int = 0
    camera: np.ndarray | None = None
    rebuilt: np.ndarray | None = None


class ShownFrames:
    """Keep every frame at first, and every second, fourth, ... as they grow too many."""

    def __init__(self) -> None:
        self._stride = 1
        self._kept: dict[int, ShownFrame] = {}

    def wants(self, number: int) -> bool:
        """Say whether a frame, the how-manieth it is, is one of those that are kept."""
        return number % self._stride == 0

    def add_camera(self, number: int, stamp_ns: int, view: PixelView) -> None:
        """Keep what the camera saw."""
        pixels = view.as_bgr()
        scale = min(1.0, _LARGEST_WIDTH / pixels.shape[1])
        shown = self._keep(number, stamp_ns)
        shown.image_width = pixels.shape[1]
        shown.camera = cv2.resize(
            pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)

    def add_served(self, number: int, header: FrameHeader, served: Served) -> None:
        """Keep what the server rebuilt, where the model rebuilds any."""
        shown = self._keep(number, header.stamp_ns)
        shown.image_width = header.geometry.image_width
        shown.rebuilt = served.picture

    def frames(self) -> list[ShownFrame]:
        """Return what was kept, in order."""
        return [self._kept[number] for number in sorted(self._kept)]

    def _keep(self, number: int, stamp_ns: int) -> ShownFrame:
        shown = self._kept.setdefault(number, ShownFrame(stamp_ns))
        if len(self._kept) > _MOST:
            self._stride *= 2
            self._kept = {
                kept: frame for kept, frame in self._kept.items() if kept % self._stride == 0}
        return shown


def draw_boxes(
    pixels: np.ndarray, boxes: Sequence[Sequence[float]], names: Sequence[str],
    scores: Sequence[float], image_width: int, classes: Sequence[str],
) -> bytes:
    """Return uint8 (h, w, 3), BGR, as a JPEG, with boxes in pixels of the unscaled image."""
    # Another run's model may know others; a class keeps its colour from frame to frame.
    known = [*classes, *sorted(set(names) - set(classes))]
    found = Detections(
        np.array(boxes, np.float32).reshape(-1, 4) * np.float32(pixels.shape[1] / image_width),
        np.array(scores, np.float32),
        np.array([known.index(name) for name in names], np.int64))
    return as_jpeg(draw_detections(pixels.copy(), found, known))


def as_jpeg(pixels: np.ndarray) -> bytes:
    """Return uint8 (h, w, 3), BGR, as a JPEG file."""
    return cv2.imencode('.jpg', pixels, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()
