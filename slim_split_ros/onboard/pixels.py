"""
How do the bytes of an image message become pixels? By encoding, without a copy where possible.

A new encoding is a line in LAYOUTS. Compressed images are `compressed.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from slim_split_ros.onboard.errors import EncodingError, ImageError
from slim_split_ros.onboard.foreign_encodings import RawImage, convert_foreign
from slim_split_ros.wire.geometry import MAX_IMAGE_SIDE

ChannelOrder = Literal['bgr', 'rgb']
Buffer = bytes | bytearray | memoryview | np.ndarray


@dataclass(frozen=True, slots=True)
class PixelView:
    """Hold uint8 (H, W, 3); it may view the message's memory, so it must not be written to."""

    array: np.ndarray
    channel_order: ChannelOrder

    def as_bgr(self) -> np.ndarray:
        """Return uint8 (H, W, 3), BGR, contiguous; it may be the view itself."""
        return np.ascontiguousarray(
            self.array if self.channel_order == 'bgr' else self.array[..., ::-1])


@dataclass(frozen=True, slots=True)
class Layout:
    """Describe an encoding: bytes a pixel, what sides must divide by, how it becomes colours."""

    pixel_bytes: int
    to_colours: Callable[[np.ndarray, bool], np.ndarray]
    channel_order: ChannelOrder = 'bgr'
    width_multiple: int = 1
    height_multiple: int = 1
    # Rows in memory per 2 rows of the image: 3 where the colours follow as half a plane.
    rows_per_two: int = 2


def view_image(
    encoding: str, width: int, height: int, step: int, is_bigendian: bool, data: Buffer
) -> PixelView:
    """
    View the fields of a `sensor_msgs/Image` as colours.

    `data` is anything with the buffer interface (`array.array`, bytes, numpy). rgb8 and bgr8 are
    views of it, whatever their `step`; other encodings are converted. Raises ImageError naming
    the field that is wrong; the encodings are those of sensor_msgs/image_encodings.hpp.

    >>> view_image('rgb8', 2, 1, 8, False, bytes([255, 0, 0, 0, 255, 0, 9, 9])).array.tolist()
    [[[255, 0, 0], [0, 255, 0]]]
    """
    _check_side('width', width)
    _check_side('height', height)
    flat = np.frombuffer(data, np.uint8)
    layout = LAYOUTS.get(encoding)
    if layout is None:
        return _view_foreign(RawImage(encoding, width, height, step, int(is_bigendian), flat))
    rows = _check_rows(encoding, layout, width, height, step, len(flat))
    lines = flat.reshape(rows, step)[:, :width * layout.pixel_bytes]
    if layout.pixel_bytes > 1:
        lines = lines.reshape(rows, width, layout.pixel_bytes)
    return PixelView(layout.to_colours(lines, bool(is_bigendian)), layout.channel_order)


def _view_foreign(image: RawImage) -> PixelView:
    array = convert_foreign(image)
    if array is None:
        raise EncodingError(
            f'encoding {image.encoding!r:.40} is not supported; supported are '
            f'{", ".join(sorted(LAYOUTS))}, and what cv_bridge or rosbags-image convert to bgr8 '
            'where they are installed, the latter of rows without padding (these have a step of '
            f'{image.step} bytes)')
    return PixelView(array, 'bgr')


def _check_side(name: str, value: int) -> None:
    if not 1 <= value <= MAX_IMAGE_SIDE:
        raise ImageError(f'{name} is {value}, must be 1 to {MAX_IMAGE_SIDE} pixels')


def _check_rows(
    encoding: str, layout: Layout, width: int, height: int, step: int, data_bytes: int
) -> int:
    """Return the rows in memory once step, sides and length agree."""
    for name, value, multiple in (
        ('width', width, layout.width_multiple), ('height', height, layout.height_multiple)
    ):
        if value % multiple:
            raise ImageError(
                f'{name} is {value}, must be a multiple of {multiple} for {encoding}')
    least = width * layout.pixel_bytes
    if step < least:
        raise ImageError(
            f'step is {step}, must be at least {least}: {width} pixels of {encoding} take '
            f'{layout.pixel_bytes} bytes each')
    rows = height * layout.rows_per_two // 2
    if data_bytes != step * rows:
        raise ImageError(
            f'data has {data_bytes} bytes, must have {step * rows}: {rows} rows of step {step}')
    return rows


def _as_it_is(pixels: np.ndarray, is_bigendian: bool) -> np.ndarray:
    return pixels


def _by_opencv(code: int) -> Callable[[np.ndarray, bool], np.ndarray]:
    def convert(pixels: np.ndarray, is_bigendian: bool) -> np.ndarray:
        return cv2.cvtColor(pixels, code)
    return convert


def _from_mono16(pixels: np.ndarray, is_bigendian: bool) -> np.ndarray:
    # The more significant byte is the value divided by 256.
    brightness = np.ascontiguousarray(pixels[:, :, 0 if is_bigendian else 1])
    return cv2.cvtColor(brightness, cv2.COLOR_GRAY2BGR)


def _from_bayer(code: int) -> Layout:
    # Demosaicing looks one pixel around.
    return Layout(1, _by_opencv(code), width_multiple=2, height_multiple=2)


_BGR = Layout(3, _as_it_is)
_BGRA = Layout(4, _by_opencv(cv2.COLOR_BGRA2BGR))
_MONO8 = Layout(1, _by_opencv(cv2.COLOR_GRAY2BGR))
_MONO16 = Layout(2, _from_mono16)
_UYVY = Layout(2, _by_opencv(cv2.COLOR_YUV2BGR_UYVY), width_multiple=2)
_YUYV = Layout(2, _by_opencv(cv2.COLOR_YUV2BGR_YUYV), width_multiple=2)

# Names: sensor_msgs/image_encodings.hpp. The numbered ones are OpenCV's types, in its BGR order.
# OpenCV names a Bayer pattern by the second row's second and third pixel, ROS by the first two
# rows' first two: bayer_rggb8 is BayerBG.
LAYOUTS = {
    'rgb8': Layout(3, _as_it_is, 'rgb'),
    'bgr8': _BGR,
    '8UC3': _BGR,
    'rgba8': Layout(4, _by_opencv(cv2.COLOR_RGBA2BGR)),
    'bgra8': _BGRA,
    '8UC4': _BGRA,
    'mono8': _MONO8,
    '8UC1': _MONO8,
    'mono16': _MONO16,
    '16UC1': _MONO16,
    'yuv422': _UYVY,
    'uyvy': _UYVY,
    'yuv422_yuy2': _YUYV,
    'yuyv': _YUYV,
    'nv12': Layout(1, _by_opencv(cv2.COLOR_YUV2BGR_NV12), 'bgr', 2, 2, 3),
    'nv21': Layout(1, _by_opencv(cv2.COLOR_YUV2BGR_NV21), 'bgr', 2, 2, 3),
    'bayer_rggb8': _from_bayer(cv2.COLOR_BayerBG2BGR),
    'bayer_bggr8': _from_bayer(cv2.COLOR_BayerRG2BGR),
    'bayer_gbrg8': _from_bayer(cv2.COLOR_BayerGR2BGR),
    'bayer_grbg8': _from_bayer(cv2.COLOR_BayerGB2BGR),
}
