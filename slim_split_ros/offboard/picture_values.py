"""How does a decoded picture get into the input of the model's own detector?"""

from __future__ import annotations

import cv2
import numpy as np

from slim_split_ros.wire.geometry import FrameGeometry

# What the networks are trained with, see `networks/split_detector.py`; the letterbox's padding is
# the mean, and so zero to the detector.
PIXEL_MEAN = 114.0
PIXEL_DEVIATION = 58.0


def place_picture(picture: np.ndarray, geometry: FrameGeometry) -> np.ndarray:
    """Scale uint8 (h, w, 3), of any size, into an input, uint8 (input_height, input_width, 3)."""
    width, height = geometry.resized_width, geometry.resized_height
    placed = np.full(
        (geometry.input_height, geometry.input_width, 3), round(PIXEL_MEAN), np.uint8)
    is_enlarged = picture.shape[1] < width
    placed[:height, :width] = cv2.resize(
        picture, (width, height),
        interpolation=cv2.INTER_CUBIC if is_enlarged else cv2.INTER_AREA)
    return placed


def to_values(pixels: np.ndarray) -> np.ndarray:
    """Map uint8 (N, H, W, 3), BGR, to what the detector takes, float32 (N, 3, H, W)."""
    values = pixels.transpose(0, 3, 1, 2).astype(np.float32, order='C')
    values -= PIXEL_MEAN
    values /= PIXEL_DEVIATION
    return values
