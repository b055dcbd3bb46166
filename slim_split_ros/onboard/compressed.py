"""How a compressed image becomes pixels: its header is read first, then it is decoded."""

from __future__ import annotations

import cv2
import numpy as np

from slim_split_ros.onboard.errors import ImageError
from slim_split_ros.onboard.pixels import Buffer, PixelView
from slim_split_ros.wire.errors import PictureError
from slim_split_ros.wire.picture_header import read_picture_size


def decode_image(data: Buffer) -> PixelView:
    """
    Decode a JPEG or PNG to uint8 (H, W, 3), BGR, in the sensor's orientation.

    Raises ImageError for anything empty, cut short, of absurd size or of another format.
    """
    content = bytes(data)
    if not content:
        raise ImageError('data of the compressed image is empty')
    try:
        read_picture_size(content)
    except PictureError as error:
        raise ImageError(f'compressed image: {error}') from error
    try:
        # As the camera sent it: boxes are given in these pixels, whatever EXIF says.
        array = cv2.imdecode(
            np.frombuffer(content, np.uint8),
            cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        array = None
    if array is None:
        raise ImageError(f'compressed image of {len(content)} bytes cannot be decoded')
    return PixelView(array, 'bgr')
