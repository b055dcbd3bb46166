"""How a frame of the demo looks with its detections and, where it is known, the truth."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image

from slim_split_ros.evaluation.figures.matching import NamedBoxes
from slim_split_ros.offboard import Detections, draw_detections
from slim_split_ros.ros.topics.messages import decode_compressed, view_raw

# Wider pictures are shrunk: dozens of them have to fit into one page.
_LARGEST_WIDTH = 640
_JPEG_QUALITY = 82
_TRUTH_COLOUR = (255, 255, 255)


def read_pixels(message: Image | CompressedImage) -> np.ndarray:
    """Return uint8 (H, W, 3), BGR."""
    view = (decode_compressed if isinstance(message, CompressedImage) else view_raw)(message)
    return view.as_bgr()


def annotate(
    pixels: np.ndarray, found: NamedBoxes, truth: NamedBoxes | None, class_names: Sequence[str]
) -> bytes:
    """Return uint8 (H, W, 3), BGR, with boxes of what was found as a JPEG file."""
    scale = min(1.0, _LARGEST_WIDTH / pixels.shape[1])
    canvas = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if truth is not None:
        _draw_truth(canvas, truth.boxes * scale)
    _draw_found(canvas, found, scale, class_names)
    return cv2.imencode('.jpg', canvas, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()


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
