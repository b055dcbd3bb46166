import struct
import subprocess
import sys

import cv2
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from slim_split_ros.onboard.compressed import decode_image
from slim_split_ros.onboard.errors import ImageError, OnboardError


def picture(extension: str) -> bytes:
    gradient = np.linspace(0, 255, 48 * 64 * 3).reshape(48, 64, 3).astype(np.uint8)
    return cv2.imencode(extension, gradient)[1].tobytes()


@pytest.mark.parametrize('extension', ['.jpg', '.png'])
def test_a_whole_picture_is_decoded_to_bgr(extension):
    pixels = decode_image(picture(extension))

    assert pixels.array.shape == (48, 64, 3)
    assert pixels.channel_order == 'bgr'
    assert abs(int(pixels.array[-1, -1, 0]) - 255) < 6


@pytest.mark.parametrize('extension', ['.jpg', '.png'])
def test_every_cut_is_refused_not_filled_with_grey(extension):
    content = picture(extension)

    for length in range(len(content)):
        with pytest.raises(ImageError):
            decode_image(content[:length])


@pytest.mark.parametrize('extension', ['.jpg', '.png'])
@pytest.mark.parametrize('trailer', [bytes(100), b'\n', b'a depth map', b'\xff\xd8\xff\xe0 cut'])
def test_bytes_after_the_end_of_a_whole_picture_are_no_part_of_it(extension, trailer):
    assert decode_image(picture(extension) + trailer).array.shape == (48, 64, 3)


@pytest.mark.parametrize('flag', [cv2.IMWRITE_JPEG_PROGRESSIVE, cv2.IMWRITE_JPEG_RST_INTERVAL])
def test_jpegs_of_many_scans_or_restarts_are_read_to_their_end(flag):
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)
    content = cv2.imencode('.jpg', noise, [flag, 1])[1].tobytes()

    assert decode_image(content).array.shape == (48, 64, 3)
    for length in range(len(content)):
        with pytest.raises(ImageError):
            decode_image(content[:length])


def test_the_end_of_a_preview_inside_a_jpeg_is_not_the_jpegs():
    preview = picture('.jpg')
    segment = b'\xff\xe1' + struct.pack('>H', 2 + len(preview)) + preview
    content = preview[:2] + segment + preview[2:]

    assert decode_image(content).array.shape == (48, 64, 3)
    with pytest.raises(ImageError, match='was cut short'):
        decode_image(content[:-2])


def test_a_cut_jpeg_is_not_made_whole_by_the_picture_that_follows():
    with pytest.raises(ImageError, match='cut short'):
        decode_image(picture('.jpg')[:-40] + picture('.jpg'))


@pytest.mark.parametrize('encoding', ['grey', 'deep'])
def test_grey_and_16_bit_pictures_become_colours_of_8_bits(encoding):
    image = np.full((4, 6), 0x8000 if encoding == 'deep' else 0x80,
                    np.uint16 if encoding == 'deep' else np.uint8)

    array = decode_image(cv2.imencode('.png', image)[1].tobytes()).array

    assert array.shape == (4, 6, 3)
    assert np.all(array == 0x80)


@pytest.mark.parametrize(
    ('content', 'complaint'),
    [
        (b'', 'is empty'),
        (b'\x00\x01\x02\x03\x04', 'starts with 00 01 02 03: neither JPEG nor PNG'),
        (b'\xff\xd8\xff\xd9', 'has no frame header'),
        (picture('.jpg')[:-2], 'does not end with its end marker'),
        (picture('.png')[:-1], 'does not end with its IEND chunk'),
    ],
)
def test_what_is_no_picture_is_refused_with_the_reason(content, complaint):
    with pytest.raises(ImageError, match=complaint):
        decode_image(content)


def test_an_absurd_size_is_refused_before_its_memory_is_taken():
    content = bytearray(picture('.png'))
    content[16:24] = struct.pack('>II', 60_000, 60_000)

    with pytest.raises(ImageError, match='says 60000x60000 pixels, both must be 1 to 8192'):
        decode_image(bytes(content))


def test_a_jpeg_of_absurd_size_is_refused_by_its_header():
    content = picture('.jpg')
    frame = content.index(b'\xff\xc0')
    content = content[:frame + 5] + struct.pack('>HH', 60_000, 50_000) + content[frame + 9:]

    with pytest.raises(ImageError, match='says 50000x60000 pixels, both must be 1 to 8192'):
        decode_image(content)


# In a process of its own, since OpenCV reads the limits when it is loaded.
DECODE = """
import sys
from slim_split_ros.wire.geometry import MAX_IMAGE_SIDE
import cv2
import numpy as np
for shape in (1, MAX_IMAGE_SIDE), (MAX_IMAGE_SIDE, 1), (1, MAX_IMAGE_SIDE + 1):
    content = cv2.imencode(sys.argv[1], np.zeros((*shape, 3), np.uint8))[1]
    try:
        print(cv2.imdecode(content, cv2.IMREAD_COLOR).shape)
    except cv2.error as error:
        print('CV_IO_MAX_IMAGE_WIDTH' in str(error))
"""


@pytest.mark.parametrize('extension', ['.png', '.jpg', '.bmp', '.tiff', '.webp', '.ppm'])
def test_opencv_refuses_pictures_beyond_the_limit_in_every_format(extension):
    answer = subprocess.run(
        [sys.executable, '-c', DECODE, extension], capture_output=True, text=True, timeout=60,
        check=True)

    assert answer.stdout.split('\n')[:-1] == ['(1, 8192, 3)', '(8192, 1, 3)', 'True']


@given(st.binary(max_size=300), st.sampled_from([b'\xff\xd8', b'\x89PNG\r\n\x1a\n', b'']))
@settings(deadline=None, max_examples=300)
def test_any_bytes_give_an_image_or_an_onboard_error(content, start):
    try:
        assert decode_image(start + content).array.ndim == 3
    except OnboardError:
        pass


@given(st.data())
@settings(deadline=None, max_examples=100)
def test_a_damaged_png_gives_an_image_or_an_onboard_error(data):
    content = bytearray(picture('.png'))
    for _ in range(3):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert decode_image(bytes(content)).array.ndim == 3
    except OnboardError:
        pass
