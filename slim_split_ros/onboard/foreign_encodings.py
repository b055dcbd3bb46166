"""
Who reads the encodings that `pixels.py` does not know? cv_bridge or rosbags-image, if installed.

Neither is needed: a cv_bridge built for numpy 1 fails to import under numpy 2, and that is no
error here.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import cv2
import numpy as np

# What the two raise for images they do not convert; their own error classes are RuntimeError's,
# or are looked up below.
CONVERSION_ERRORS = (RuntimeError, TypeError, ValueError, KeyError, cv2.error)
# A module built for another numpy raises any of these while it is imported.
IMPORT_ERRORS = (ImportError, AttributeError, RuntimeError)


@dataclass(frozen=True, slots=True)
class RawImage:
    """Hold the fields of a `sensor_msgs/Image`, under its names: both libraries read them."""

    encoding: str
    width: int
    height: int
    step: int
    is_bigendian: int
    data: np.ndarray


def convert_foreign(image: RawImage) -> np.ndarray | None:
    """Return uint8 (H, W, 3), BGR, or None if nothing installed converts this image."""
    for convert in (_convert_by_cv_bridge, _convert_by_rosbags):
        array = convert(image)
        if array is not None and array.shape == (image.height, image.width, 3):
            return array
    return None


def _convert_by_cv_bridge(image: RawImage) -> np.ndarray | None:
    try:
        cv_bridge = import_module('cv_bridge')
        return np.asarray(cv_bridge.CvBridge().imgmsg_to_cv2(image, 'bgr8'))
    except (*IMPORT_ERRORS, *CONVERSION_ERRORS):  # CvBridgeError is a TypeError
        return None


def _convert_by_rosbags(image: RawImage) -> np.ndarray | None:
    try:
        rosbags = import_module('rosbags.image.image')
    except IMPORT_ERRORS:
        return None
    try:
        # It takes rows to be without padding, and leaves a length that does not fit unnoticed.
        if rosbags.image_to_cvimage(image).nbytes != image.step * image.height:
            return None
        return np.asarray(rosbags.image_to_cvimage(image, 'bgr8'))
    except (rosbags.ImageError, *CONVERSION_ERRORS):
        return None
