"""
What does a person see of a frame's detections? Boxes with class and score on the picture.

Where a model rebuilds none, the canvas is dark.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from slim_split_ros.detectors.detections import Detections
from slim_split_ros.wire.geometry import FrameGeometry

CANVAS_GREY = 40
# BGR, told apart by people with any colour vision (M. Okabe and K. Ito, 2008), black left out.
CLASS_COLOURS = (
    (0, 159, 230), (233, 180, 86), (66, 228, 240), (115, 158, 0), (167, 121, 204), (0, 94, 213),
    (178, 114, 0),
)
TEXT_COLOUR = (0, 0, 0)
FONT = cv2.FONT_HERSHEY_SIMPLEX
# Font heights and lines grow with the picture; this many rows give scale 1.
ROWS_AT_SCALE_1 = 900.0
SMALLEST_SCALE = 0.35
# Farther from the picture, pixels, nothing is drawn.
FARTHEST = 1e5


def new_canvas(geometry: FrameGeometry, picture: np.ndarray | None = None) -> np.ndarray:
    """
    Return what to draw on, uint8 (H, W, 3) of the original image's size.

    That is the rebuilt picture, uint8 (h, w, 3), enlarged; dark where there is none.
    """
    size = geometry.image_width, geometry.image_height
    if picture is not None:
        return cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
    return np.full((*size[::-1], 3), CANVAS_GREY, np.uint8)


def draw_detections(
    canvas: np.ndarray, detections: Detections, classes: Sequence[str]
) -> np.ndarray:
    """Draw on uint8 (H, W, 3), BGR, in place; returns it. The best detection lies on top."""
    scale = max(SMALLEST_SCALE, canvas.shape[0] / ROWS_AT_SCALE_1)
    for box, score, label in reversed(
        list(zip(detections.boxes, detections.scores, detections.labels, strict=True))
    ):
        colour = CLASS_COLOURS[int(label) % len(CLASS_COLOURS)]
        _draw_box(canvas, box, f'{classes[int(label)]} {score:.2f}', colour, scale)
    return canvas


def _draw_box(
    canvas: np.ndarray, box: np.ndarray, text: str, colour: tuple[int, int, int], scale: float
) -> None:
    # Boxes may come from outside; drawing takes none that is not finite, or far away.
    left, top, width, height = np.rint(
        np.clip(np.nan_to_num(np.asarray(box, np.float64)), -FARTHEST, FARTHEST)
    ).astype(int).tolist()
    cv2.rectangle(
        canvas, (left, top), (left + width - 1, top + height - 1), colour,
        max(1, round(2 * scale)))
    (text_width, text_height), below = cv2.getTextSize(text, FONT, scale, 1)
    # Above the box, or inside it at the picture's upper edge.
    bottom = top if top >= text_height + below else top + text_height + below
    left = max(0, min(left, canvas.shape[1] - text_width))
    cv2.rectangle(
        canvas, (left, bottom - text_height - below), (left + text_width, bottom), colour,
        cv2.FILLED)
    cv2.putText(canvas, text, (left, bottom - below), FONT, scale, TEXT_COLOUR, 1, cv2.LINE_AA)
