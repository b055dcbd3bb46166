"""Answer how a frame of the demo looks with its detections and, where it is known, the truth."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from slim_split_ros.demo.observer import FrameRecord
from slim_split_ros.evaluation.matching import NamedBoxes
from slim_split_ros.offboard import Detections, draw_detections
from slim_split_ros.reports.demo_page import ShownFrame

# Wider pictures are shrunk: twenty of them have to fit into one page.
_LARGEST_WIDTH = 640
_JPEG_QUALITY = 82
_TRUTH_COLOUR = (255, 255, 255)


def annotate(sighting: FrameRecord, class_names: Sequence[str]) -> ShownFrame | None:
    """Return the frame with its boxes, or None where its picture was not kept."""
    if sighting.jpeg is None or sighting.found is None or sighting.width is None:
        return None
    pixels = cv2.imdecode(np.frombuffer(sighting.jpeg, np.uint8), cv2.IMREAD_COLOR)
    scale = min(1.0, _LARGEST_WIDTH / pixels.shape[1])
    if scale < 1.0:
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if sighting.truth is not None:
        _draw_truth(pixels, sighting.truth.boxes * scale)
    _draw_found(pixels, sighting.found, scale, class_names)
    _, jpeg = cv2.imencode('.jpg', pixels, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return ShownFrame(sighting.width, sighting.message_bytes, jpeg.tobytes())


def _draw_truth(pixels: np.ndarray, boxes: np.ndarray) -> None:
    for x, y, width, height in np.rint(boxes).astype(int).tolist():
        cv2.rectangle(pixels, (x, y), (x + width, y + height), _TRUTH_COLOUR, 1)


def _draw_found(
    pixels: np.ndarray, found: NamedBoxes, scale: float, class_names: Sequence[str]
) -> None:
    known = {name: number for number, name in enumerate(class_names)}
    detections = Detections(
        (found.boxes * scale).astype(np.float32), np.array(found.scores, np.float32),
        np.array([known[name] for name in found.names], np.int64))
    draw_detections(pixels, detections, class_names)
