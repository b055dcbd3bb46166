"""
What a JPEG or PNG says of itself before it is decoded: how large it is, and whether it is whole.

OpenCV fills the missing part of a truncated JPEG with grey and says so on stderr alone; a robot
would then see a wall. It also takes the memory of as many pixels as a header claims. Bytes after
the end of a picture, a camera's padding or notes, are nobody's business.
"""

from __future__ import annotations

from dataclasses import dataclass
import re
import struct

from slim_split_ros.wire.errors import PictureError
from slim_split_ros.wire.geometry import MAX_IMAGE_SIDE

JPEG_START, JPEG_END = b'\xff\xd8', 0xD9
PNG_START, PNG_END = b'\x89PNG\r\n\x1a\n', b'IEND'
PNG_CHUNK_BYTES = 12  # of a chunk beside its data: length, type and checksum
# Frame headers SOF0 to SOF15, without DHT, JPG and DAC (ITU-T T.81, table B.1).
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_SCAN = 0xDA
# Markers without a length: TEM and RST0 to RST7.
JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
# Five times as fast as bytes.find: 0.02 ms for 50 kB.
JPEG_START_OR_END = re.compile(rb'\xff[\xd8\xd9]')


@dataclass(frozen=True, slots=True)
class PictureSize:
    """The pixels of a picture as it is stored: EXIF has turned nothing yet."""

    width: int
    height: int


def is_jpeg_or_png(content: bytes) -> bool:
    """Return whether `read_picture_size` knows the format."""
    return content.startswith((JPEG_START, PNG_START))


def read_picture_size(content: bytes) -> PictureSize:
    """
    Return the size of a JPEG or PNG.

    Raises PictureError where it was cut short, has no sound header, is larger than MAX_IMAGE_SIDE
    or of another format.
    """
    try:
        if content.startswith(JPEG_START):
            kind, size = 'JPEG', _read_jpeg(content)
        elif content.startswith(PNG_START):
            kind, size = 'PNG', _read_png(content)
        else:
            raise PictureError(f'{len(content)} bytes that start with {content[:4].hex(" ")} are '
                               'neither JPEG nor PNG, which are supported')
    except struct.error as error:
        raise PictureError(
            f'picture of {len(content)} bytes ends within its header: it was cut short') from error
    if not (1 <= size.width <= MAX_IMAGE_SIDE and 1 <= size.height <= MAX_IMAGE_SIDE):
        raise PictureError(f'{kind} says {size.width}x{size.height} pixels, both must be 1 to '
                           f'{MAX_IMAGE_SIDE}')
    return size


def _read_jpeg(content: bytes) -> PictureSize:
    """Walk the segments up to the pixels, then look for the marker that ends them."""
    size, marker, position = None, 0, len(JPEG_START)
    while marker != JPEG_SCAN and content[position:position + 1] == b'\xff':
        (marker,) = struct.unpack_from('>B', content, position + 1)
        if marker == JPEG_END:
            break
        if marker in JPEG_FRAMES:
            height, width = struct.unpack_from('>HH', content, position + 5)
            size = PictureSize(width, height)
        if marker == 0xFF:
            position += 1  # fill byte
        elif marker in JPEG_BARE:
            position += 2
        else:
            position += 2 + struct.unpack_from('>H', content, position + 2)[0]
    if size is None:
        raise PictureError(f'JPEG of {len(content)} bytes has no frame header: it is damaged')
    # Among pixels a byte ff is never followed by d8 or d9 (T.81, B.1.1.5): a second start before
    # the end belongs to something else, which follows a picture without an end.
    end = JPEG_START_OR_END.search(content, position)
    if end is None or end.group() == JPEG_START:
        raise PictureError(
            f'JPEG of {len(content)} bytes lacks its end marker ff d9: it was cut short')
    return size


def _read_png(content: bytes) -> PictureSize:
    """Walk the chunks to the last."""
    width, height = struct.unpack_from('>II', content, len(PNG_START) + 8)
    position, kind = len(PNG_START), b''
    while kind != PNG_END and position + PNG_CHUNK_BYTES <= len(content):
        length, kind = struct.unpack_from('>I4s', content, position)
        position += PNG_CHUNK_BYTES + length
    if kind != PNG_END or position > len(content):
        raise PictureError(
            f'PNG of {len(content)} bytes lacks its IEND chunk: it was cut short')
    return PictureSize(width, height)
