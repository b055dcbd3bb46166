"""What does sending the picture cost? JPEG and WebP by OpenCV, shrunk or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import time

import cv2
import numpy as np
from numpy.typing import NDArray

from slim_split_ros.evaluation.points import Setting

QUALITIES = (5, 10, 15, 20, 30, 40, 50, 60, 75, 90)
SCALES = (1.0, 0.75, 0.5, 1 / 3)
FLAGS = {'jpeg': ('.jpg', cv2.IMWRITE_JPEG_QUALITY), 'webp': ('.webp', cv2.IMWRITE_WEBP_QUALITY)}
# std_msgs/Header, format and length of a CompressedImage, 'camera' as frame_id: serialized.
MESSAGE_BYTES = 4 + 8 + 4 + 8 + 4 + 8 + 4


@dataclass(frozen=True, slots=True)
class CodedPicture:
    """A picture that went through a codec and came back at its original size."""

    image: NDArray[np.uint8]
    bytes: int
    encode_ms: float


def image_settings(codec: str) -> list[Setting]:
    """Return all qualities at all scales of `jpeg` or `webp`."""
    return [Setting(codec, quality=quality, scale=scale)
            for scale in SCALES for quality in QUALITIES]


def send_picture(image: NDArray[np.uint8], setting: Setting,
                 clock: Callable[[], float] = time.perf_counter) -> CodedPicture:
    """Shrink, encode, decode and enlarge uint8 (H, W, 3); time what the robot does."""
    extension, flag = FLAGS[setting.codec]
    height, width = image.shape[:2]
    size = (round(width * setting.scale), round(height * setting.scale))
    started = clock()
    # Area below three quarters: linear interpolation would skip pixels there.
    shrunk = image if setting.scale == 1.0 else cv2.resize(
        image, size, interpolation=cv2.INTER_AREA if setting.scale < 0.7 else cv2.INTER_LINEAR)
    done, data = cv2.imencode(extension, shrunk, [flag, setting.quality])
    encode_ms = 1000.0 * (clock() - started)
    if not done:
        raise ValueError(f'OpenCV cannot encode {setting.name}')
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if setting.scale != 1.0:
        decoded = cv2.resize(decoded, (width, height), interpolation=cv2.INTER_CUBIC)
    return CodedPicture(decoded, len(data) + MESSAGE_BYTES, encode_ms)
