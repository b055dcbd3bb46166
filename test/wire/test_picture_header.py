"""What a picture's bytes say of it before anything is decoded."""

import struct

import cv2
import numpy as np
import pytest

from slim_split_ros.wire.errors import PictureError
from slim_split_ros.wire.geometry import MAX_IMAGE_SIDE
from slim_split_ros.wire.picture_header import PictureSize, is_jpeg_or_png, read_picture_size

PIXELS = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)


def encoded(extension: str, *flags: int) -> bytes:
    return cv2.imencode(extension, PIXELS, flags)[1].tobytes()


PICTURES = {
    'baseline': encoded('.jpg'),
    'progressive': encoded('.jpg', cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    'restarts': encoded('.jpg', cv2.IMWRITE_JPEG_RST_INTERVAL, 2),
    'png': encoded('.png'),
}


def with_thumbnail(jpeg: bytes) -> bytes:
    """Put a whole JPEG into a segment before the pixels, as cameras do."""
    note = b'Exif\0\0' + encoded('.jpg')
    return jpeg[:2] + b'\xff\xe1' + struct.pack('>H', len(note) + 2) + note + jpeg[2:]


@pytest.mark.parametrize('name', PICTURES)
def test_a_whole_picture_says_its_size(name: str) -> None:
    assert is_jpeg_or_png(PICTURES[name])
    assert read_picture_size(PICTURES[name]) == PictureSize(64, 48)


@pytest.mark.parametrize('name', PICTURES)
def test_a_cut_anywhere_is_seen(name: str) -> None:
    for length in range(len(PICTURES[name])):
        with pytest.raises(PictureError):
            read_picture_size(PICTURES[name][:length])


def test_a_thumbnail_does_not_make_a_cut_jpeg_whole() -> None:
    content = with_thumbnail(PICTURES['baseline'])

    assert read_picture_size(content) == PictureSize(64, 48)
    with pytest.raises(PictureError, match='cut short'):
        read_picture_size(content[:-2])


@pytest.mark.parametrize('follows', [b'', PICTURES['baseline'], b'\xff\xd8\xff\xd9'])
def test_what_follows_makes_no_cut_jpeg_whole_and_no_whole_one_cut(follows: bytes) -> None:
    assert read_picture_size(PICTURES['baseline'] + follows) == PictureSize(64, 48)
    with pytest.raises(PictureError, match='cut short'):
        read_picture_size(PICTURES['baseline'][:-40] + follows)


def test_a_comment_between_scans_may_hold_any_bytes() -> None:
    content = PICTURES['progressive']
    second_scan = content.index(b'\xff\xda', content.index(b'\xff\xda') + 2)
    comment = b'\xff\xfe\x00\x06\xff\xd8\xff\xd9'
    content = content[:second_scan] + comment + content[second_scan:]

    assert read_picture_size(content) == PictureSize(64, 48)
    with pytest.raises(PictureError, match='cut short'):
        read_picture_size(content[:-2])


@pytest.mark.parametrize(('width', 'height'), [
    (60_000, 60_000), (MAX_IMAGE_SIDE + 1, 1), (1, MAX_IMAGE_SIDE + 1), (0, 5), (2 ** 32 - 1, 5)])
def test_an_absurd_size_is_refused_by_the_header_alone(width: int, height: int) -> None:
    content = bytearray(PICTURES['png'])
    content[16:24] = struct.pack('>II', width, height)

    with pytest.raises(PictureError, match=f'PNG says {width}x{height} pixels, both must be 1 to'):
        read_picture_size(bytes(content))


def test_other_formats_are_not_known() -> None:
    assert not is_jpeg_or_png(encoded('.bmp'))
    with pytest.raises(PictureError, match='neither JPEG nor PNG'):
        read_picture_size(encoded('.bmp'))
