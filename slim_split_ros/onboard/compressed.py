"""
How does a compressed image become pixels? Checked for its size and its end, then decoded.

OpenCV fills the missing part of a truncated JPEG with grey and says so on stderr alone; a robot
would then see a wall. So the end is looked for first.
"""

from __future__ import annotations

import struct

import cv2
import numpy as np

from slim_split_ros.onboard.errors import ImageError
from slim_split_ros.onboard.pixels import Buffer, PixelView
from slim_split_ros.wire.geometry import MAX_IMAGE_SIDE

JPEG_START, JPEG_END = b'\xff\xd8', b'\xff\xd9'
PNG_START, PNG_END = b'\x89PNG\r\n\x1a\n', b'IEND\xaeB`\x82'
# Frame headers SOF0 to SOF15, without DHT, JPG and DAC (ITU-T T.81, table B.1).
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Markers without a length: TEM and RST0 to RST7.
JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})


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
    if content.startswith(JPEG_START):
        # Cameras pad their frames with zeros.
        if not content.rstrip(b'\0').endswith(JPEG_END):
            raise ImageError(
                f'JPEG of {len(content)} bytes does not end with its end marker ff d9: it was '
                'cut short')
        return _read_jpeg_size(content)
    if content.startswith(PNG_START):
        if not content.endswith(PNG_END) or len(content) < 33:
            raise ImageError(
                f'PNG of {len(content)} bytes does not end with its IEND chunk: it was cut short')
        width, height = struct.unpack_from('>II', content, 16)
        return width, height
    raise ImageError(
        f'compressed image starts with {content[:4].hex(" ")}: neither JPEG nor PNG, which are '
        'supported')


def _read_jpeg_size(content: bytes) -> tuple[int, int]:
    """Walk the segments up to the frame header."""
    position = len(JPEG_START)
    while position + 9 <= len(content) and content[position] == 0xFF:
        marker = content[position + 1]
        if marker in JPEG_FRAMES:
            height, width = struct.unpack_from('>HH', content, position + 5)
            return width, height
        if marker == 0xFF:
            position += 1  # fill byte
        elif marker in JPEG_BARE:
            position += 2
        else:
            position += 2 + struct.unpack_from('>H', content, position + 2)[0]
    raise ImageError(f'JPEG of {len(content)} bytes has no frame header: it is damaged')
