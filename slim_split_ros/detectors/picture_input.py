"""How a picture becomes a detector's input, and boxes come back to its pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from slim_split_ros.detectors.description import BoxUnits, Description, Layout, Resize

# What YOLO puts beside a picture.
PADDING_GREY = 114


@dataclass(frozen=True, slots=True)
class Placement:
    """Say where a picture lies in the input: pixels = picture x scale + offset, by axis."""

    picture_width: int
    picture_height: int
    scale_x: float
    scale_y: float
    offset_x: int
    offset_y: int

    def to_picture(self, boxes: np.ndarray, description: Description) -> np.ndarray:
        """Turn corners (n, 4) in the detector's units into pixels of the picture."""
        boxes = boxes.astype(np.float32)
        if description.box_units is BoxUnits.PICTURE:
            return boxes
        if description.box_units is BoxUnits.FRACTION:
            size = [description.input_width, description.input_height]
            boxes = boxes * np.array([*size, *size], np.float32)
        offsets = np.array([self.offset_x, self.offset_y] * 2, np.float32)
        scales = np.array([self.scale_x, self.scale_y] * 2, np.float32)
        return (boxes - offsets) / scales


def place_picture(picture: np.ndarray, description: Description) -> tuple[np.ndarray, Placement]:
    """Return the input for uint8 (H, W, 3), BGR, with its batch axis, and where it lies."""
    width, height = description.input_width, description.input_height
    rows, columns = picture.shape[:2]
    if description.resize is Resize.STRETCH:
        placement = Placement(columns, rows, width / columns, height / rows, 0, 0)
        placed = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
    else:
        placed, placement = _letterbox(picture, description)
    if description.channels == 'rgb':
        placed = placed[..., ::-1]
    return _to_tensor(placed, description), placement


def _letterbox(picture: np.ndarray, description: Description) -> tuple[np.ndarray, Placement]:
    width, height = description.input_width, description.input_height
    rows, columns = picture.shape[:2]
    scale = min(width / columns, height / rows)
    inner_width = max(1, min(width, round(columns * scale)))
    inner_height = max(1, min(height, round(rows * scale)))
    left = top = 0
    if description.resize is Resize.LETTERBOX:
        left, top = (width - inner_width) // 2, (height - inner_height) // 2
    placed = np.full((height, width, 3), PADDING_GREY, np.uint8)
    placed[top:top + inner_height, left:left + inner_width] = cv2.resize(
        picture, (inner_width, inner_height), interpolation=cv2.INTER_LINEAR)
    return placed, Placement(columns, rows, scale, scale, left, top)


def _to_tensor(placed: np.ndarray, description: Description) -> np.ndarray:
    if description.dtype != 'uint8':
        mean = np.array(description.mean, np.float32)
        deviation = np.array(description.deviation, np.float32)
        placed = (placed * np.float32(description.scale) - mean) / deviation
    if description.layout is Layout.NCHW:
        placed = placed.transpose(2, 0, 1)
    return np.ascontiguousarray(placed[np.newaxis], description.dtype)
