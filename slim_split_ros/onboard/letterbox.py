"""How does a camera image get into the network's input? Scaled, top left, grey beside it."""

from __future__ import annotations

import cv2
import numpy as np

from slim_split_ros.onboard.pixels import ChannelOrder
from slim_split_ros.wire.geometry import FrameGeometry

PADDING_GREY = 114
# Input pixels per image pixel below which every image pixel must count, or small things vanish:
# area takes 2.2 ms from 1920x1080 where linear takes 0.5 (one x86-64 server core).
AREA_BELOW_SCALE = 0.5


def letterbox(
    image: np.ndarray, geometry: FrameGeometry, channel_order: ChannelOrder = 'bgr',
    out: np.ndarray | None = None,
) -> np.ndarray:
    """
    Place an image, uint8 (H, W, 3), in an input, uint8 (input_height, input_width, 3), BGR.

    `out` is a canvas that `new_canvas` made for the same geometry; its padding is not written
    again. Without it the result is new.
    """
    canvas = new_canvas(geometry) if out is None else out
    place = canvas[:geometry.resized_height, :geometry.resized_width]
    if image.shape == place.shape:
        np.copyto(place, image)
    else:
        cv2.resize(
            image, (geometry.resized_width, geometry.resized_height), dst=place,
            interpolation=(
                cv2.INTER_AREA if geometry.scale < AREA_BELOW_SCALE else cv2.INTER_LINEAR))
    if channel_order == 'rgb':
        # After scaling, where there are fewer pixels.
        cv2.cvtColor(place, cv2.COLOR_RGB2BGR, dst=place)
    return canvas


def new_canvas(geometry: FrameGeometry) -> np.ndarray:
    """Return a grey input, uint8 (input_height, input_width, 3)."""
    return np.full((geometry.input_height, geometry.input_width, 3), PADDING_GREY, np.uint8)
