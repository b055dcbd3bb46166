from array import array

import cv2
import numpy as np
import pytest

from slim_split_ros.onboard.errors import EncodingError, ImageError
from slim_split_ros.onboard.pixels import LAYOUTS, view_image

WIDTH, HEIGHT = 16, 12
# Mosaicked and chroma-subsampled encodings know an edge within a pixel or two of where it is.
INTERIOR = (slice(3, -3), slice(3, 5))
INTERIOR_RIGHT = (slice(3, -3), slice(11, 13))


def two_colours() -> np.ndarray:
    """Return uint8 (H, W, 3), BGR: the left half one strong colour, the right half another."""
    image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    image[:, :WIDTH // 2] = (200, 60, 30)
    image[:, WIDTH // 2:] = (20, 90, 220)
    return image


def mosaic(image: np.ndarray, pattern: str) -> np.ndarray:
    """Keep of each pixel the colour that its place in a Bayer pattern has."""
    raw = np.empty((HEIGHT, WIDTH), np.uint8)
    for place, colour in enumerate(pattern):
        rows, columns = slice(place // 2, None, 2), slice(place % 2, None, 2)
        raw[rows, columns] = image[rows, columns, 'bgr'.index(colour)]
    return raw


def packed_yuv(image: np.ndarray, order: str) -> np.ndarray:
    """Return (H, 2 W) bytes of 4:2:2 in the order that the letters give (`uyvy`, `yuyv`)."""
    planes = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420).reshape(-1)
    pixels = WIDTH * HEIGHT
    quarter = (HEIGHT // 2, WIDTH // 2)
    brightness = planes[:pixels].reshape(HEIGHT, WIDTH)
    u = planes[pixels:pixels * 5 // 4].reshape(quarter).repeat(2, axis=0)
    v = planes[pixels * 5 // 4:].reshape(quarter).repeat(2, axis=0)
    packed = np.empty((HEIGHT, WIDTH // 2, 4), np.uint8)
    first, second = [place for place, letter in enumerate(order) if letter == 'y']
    packed[:, :, first], packed[:, :, second] = brightness[:, ::2], brightness[:, 1::2]
    packed[:, :, order.index('u')], packed[:, :, order.index('v')] = u, v
    return packed.reshape(HEIGHT, -1)


def planar_yuv(image: np.ndarray, first: str) -> np.ndarray:
    """Return (3/2 H, W) bytes: brightness, then pairs of colours starting with `first`."""
    planes = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420).reshape(-1)
    pixels = WIDTH * HEIGHT
    u, v = planes[pixels:pixels * 5 // 4], planes[pixels * 5 // 4:]
    pairs = np.stack((u, v) if first == 'u' else (v, u), axis=1)
    return np.concatenate([planes[:pixels], pairs.reshape(-1)]).reshape(-1, WIDTH)


def encode(encoding: str, image: np.ndarray) -> np.ndarray:
    """Return the message's rows, uint8 (rows, bytes)."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if encoding.startswith('bayer'):
        return mosaic(image, encoding[6:10])
    encoded = {
        'bgr8': lambda: image, '8UC3': lambda: image, 'rgb8': lambda: image[:, :, ::-1],
        'bgra8': lambda: cv2.cvtColor(image, cv2.COLOR_BGR2BGRA),
        '8UC4': lambda: cv2.cvtColor(image, cv2.COLOR_BGR2BGRA),
        'rgba8': lambda: cv2.cvtColor(image, cv2.COLOR_BGR2RGBA),
        'mono8': lambda: grey, '8UC1': lambda: grey,
        'mono16': lambda: (grey.astype('<u2') * 256 + 77).view(np.uint8),
        '16UC1': lambda: (grey.astype('<u2') * 256 + 77).view(np.uint8),
        'yuv422': lambda: packed_yuv(image, 'uyvy'), 'uyvy': lambda: packed_yuv(image, 'uyvy'),
        'yuyv': lambda: packed_yuv(image, 'yuyv'),
        'yuv422_yuy2': lambda: packed_yuv(image, 'yuyv'),
        'nv12': lambda: planar_yuv(image, 'u'), 'nv21': lambda: planar_yuv(image, 'v'),
    }[encoding]()
    return np.ascontiguousarray(encoded).reshape(len(encoded), -1)


def view(encoding, rows, is_bigendian=False, **changes):
    fields = {'width': WIDTH, 'height': HEIGHT, 'step': rows.shape[1]} | changes
    return view_image(encoding=encoding, is_bigendian=is_bigendian, data=rows.tobytes(), **fields)


def in_bgr(pixels):
    return pixels.array if pixels.channel_order == 'bgr' else pixels.array[:, :, ::-1]


@pytest.mark.parametrize('padding', [0, 5])
@pytest.mark.parametrize('encoding', sorted(LAYOUTS))
def test_every_encoding_gives_the_colours_that_went_in_whatever_its_step(encoding, padding):
    image = two_colours()
    rows = np.pad(encode(encoding, image), ((0, 0), (0, padding)), constant_values=255)
    if encoding in ('nv12', 'nv21', 'yuv422', 'uyvy', 'yuyv', 'yuv422_yuy2'):
        tolerance = 4  # of the conversion to limited range and back
    else:
        tolerance = 1

    found = in_bgr(view(encoding, rows))

    if 'mono' in encoding or encoding in ('8UC1', '16UC1'):
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    assert found.shape == image.shape
    assert found.dtype == np.uint8
    for part in (INTERIOR, INTERIOR_RIGHT):
        difference = np.abs(found[part].astype(int) - image[part].astype(int))
        assert difference.max() <= tolerance


@pytest.mark.parametrize('encoding', ['rgb8', 'bgr8', '8UC3'])
@pytest.mark.parametrize('padding', [0, 7])
def test_common_encodings_are_viewed_without_a_copy(encoding, padding):
    data = np.zeros(HEIGHT * (3 * WIDTH + padding), np.uint8)

    pixels = view_image(encoding, WIDTH, HEIGHT, 3 * WIDTH + padding, False, data)

    assert np.shares_memory(pixels.array, data)


def test_mono16_is_read_in_the_byte_order_that_the_message_names():
    grey = np.full((HEIGHT, WIDTH), 0x1234, '>u2').view(np.uint8)

    assert np.all(view('mono16', grey, is_bigendian=True).array == 0x12)
    assert np.all(view('mono16', grey, is_bigendian=False).array == 0x34)


@pytest.mark.parametrize('kind', [bytes, bytearray, memoryview, lambda data: array('B', data)])
def test_data_may_be_any_buffer(kind):
    data = kind(bytes(range(48)))

    assert view_image('bgr8', 4, 4, 12, False, data).array[3, 3].tolist() == [45, 46, 47]


def test_16_bit_colours_are_left_to_rosbags_image():
    pytest.importorskip('rosbags.image')
    deep = two_colours().astype('<u2') * 257

    found = view('bgr16', deep.view(np.uint8).reshape(HEIGHT, -1))

    assert np.array_equal(found.array, two_colours())


@pytest.mark.parametrize(
    ('changes', 'complaint'),
    [
        ({'width': 0}, 'width is 0, must be 1 to 8192'),
        ({'height': 0}, 'height is 0, must be 1'),
        ({'width': 2**31}, 'width is 2147483648'),
        ({'step': 47}, 'step is 47, must be at least 48: 16 pixels of bgr8 take 3 bytes'),
        ({'step': 0}, 'step is 0'),
        ({'step': 49}, 'data has 576 bytes, must have 588: 12 rows of step 49'),
        ({'height': 13}, 'data has 576 bytes, must have 624'),
        ({'height': 11}, 'data has 576 bytes, must have 528'),
    ],
)
def test_fields_that_do_not_fit_are_named_with_value_and_limit(changes, complaint):
    with pytest.raises(ImageError, match=complaint):
        view('bgr8', encode('bgr8', two_colours()), **changes)


def test_an_empty_image_is_refused():
    with pytest.raises(ImageError, match='data has 0 bytes, must have 576'):
        view_image('bgr8', WIDTH, HEIGHT, 3 * WIDTH, False, b'')


@pytest.mark.parametrize(
    ('encoding', 'changes', 'complaint'),
    [
        ('yuyv', {'width': 15}, 'width is 15, must be a multiple of 2 for yuyv'),
        ('nv12', {'height': 11}, 'height is 11, must be a multiple of 2 for nv12'),
        ('bayer_rggb8', {'height': 11}, 'height is 11, must be a multiple of 2'),
    ],
)
def test_sides_that_an_encoding_cannot_have_are_refused(encoding, changes, complaint):
    with pytest.raises(ImageError, match=complaint):
        view(encoding, encode(encoding, two_colours()), **changes)


@pytest.mark.parametrize('encoding', ['', 'RGB8', 'jpeg', '32FC1', 'nonsense' * 1000])
def test_an_unknown_encoding_is_refused_with_those_that_are_supported(encoding):
    with pytest.raises(EncodingError, match=r'is not supported; .*bayer_bggr8.*nv12.*rgb8'):
        view_image(encoding, 2, 2, 8, False, bytes(16))


@pytest.mark.parametrize('encoding', sorted(LAYOUTS))
def test_the_smallest_image_of_each_encoding_is_an_image_or_an_error(encoding):
    layout = LAYOUTS[encoding]
    width, height = layout.width_multiple, layout.height_multiple
    step = width * layout.pixel_bytes
    data = bytes(step * height * layout.rows_per_two // 2)

    assert view_image(encoding, width, height, step, False, data).array.shape == (height, width, 3)
