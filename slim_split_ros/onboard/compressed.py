"""
The way from a compressed image to pixels: checked for its size and its end, then decoded.

OpenCV fills the missing part of a truncated JPEG with grey and says so on stderr alone; a robot
would then see a wall. So the end is looked for first.
"""

from __future__ import annotations

import re
import struct

import cv2
import numpy as np

from slim_split_ros.onboard.errors import ImageError
from slim_split_ros.onboard.pixels import Buffer, PixelView
from slim_split_ros.wire.geometry import MAX_IMAGE_SIDE

JPEG_START, JPEG_END = b'\xff\xd8', 0xD9
# What begins a segment: any marker but SOI, TEM and RST0 to RST7, which have no length, in data of
# a scan as well, where a byte ff that is none is followed by 00 (ITU-T T.81, B.1.1).
JPEG_MARKER = re.compile(rb'\xff[^\x00\x01\xd0-\xd8\xff]')
# Frame headers SOF0 to SOF15, without DHT, JPG and DAC (ITU-T T.81, table B.1).
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
PNG_START, PNG_END = b'\x89PNG\r\n\x1a\n', b'IEND\xaeB`\x82'


def decode_image(data: Buffer) -> PixelView:
    """
    Decode a JPEG or PNG to uint8 (H, W, 3), BGR, in the sensor's orientation.

    Raises ImageError for anything empty, cut short, of absurd size or of another format.
    """
    content = bytes(data)
    if not content:
        raise ImageError('data of the compressed image is empty')
    width, height = _read_size(content)
    if not (1 <= width <= MAX_IMAGE_SIDE and 1 <= height <= MAX_IMAGE_SIDE):
        raise ImageError(
            f'compressed image says {width}x{height} pixels, both must be 1 to {MAX_IMAGE_SIDE}')
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


def _read_size(content: bytes) -> tuple[int, int]:
    """Return width and height of a whole picture; what follows its end is no part of it."""
    if content.startswith(JPEG_START):
        return _read_jpeg_size(content)
    if content.startswith(PNG_START):
        if PNG_END not in content or len(content) < 33:
            raise ImageError(
                f'PNG of {len(content)} bytes does not end with its IEND chunk: it was cut short')
        width, height = struct.unpack_from('>II', content, 16)
        return width, height
    raise ImageError(
        f'compressed image starts with {content[:4].hex(" ")}: neither JPEG nor PNG, which are '
        'supported')


def _read_jpeg_size(content: bytes) -> tuple[int, int]:
    """Walk the segments up to the end marker; those of a preview inside one do not count."""
    size, position = None, len(JPEG_START)
    while (found := JPEG_MARKER.search(content, position)) is not None:
        marker, position = content[found.start() + 1], found.end()
        if marker == JPEG_END:
            if size is None:
                raise ImageError(
                    f'JPEG of {len(content)} bytes has no frame header: it is damaged')
            return size
        if marker in JPEG_FRAMES and position + 7 <= len(content):
            height, width = struct.unpack_from('>HH', content, position + 3)
            size = width, height
        position += int.from_bytes(content[position:position + 2], 'big')
    raise ImageError(
        f'JPEG of {len(content)} bytes does not end with its end marker ff d9: it was cut short')
