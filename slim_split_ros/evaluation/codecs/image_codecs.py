"""What sending the picture costs: whole, or as JPEG or WebP by OpenCV, shrunk or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import time

import cv2
import numpy as np
from numpy.typing import NDArray

from slim_split_ros.detectors.detections import Detections
from slim_split_ros.evaluation.codecs.codec import Sent
from slim_split_ros.evaluation.codecs.picture_detector import PictureDetector
from slim_split_ros.evaluation.figures.points import Setting

QUALITIES = (5, 10, 15, 20, 30, 40, 50, 60, 75, 90)
SCALES = (1.0, 0.75, 0.5, 1 / 3)
FLAGS = {'jpeg': ('.jpg', cv2.IMWRITE_JPEG_QUALITY), 'webp': ('.webp', cv2.IMWRITE_WEBP_QUALITY)}
# std_msgs/Header, format and length of a CompressedImage, 'camera' as frame_id: serialized.
MESSAGE_BYTES = 4 + 8 + 4 + 8 + 4 + 8 + 4
# The same of an Image: header, two sizes, 'bgr8', byte order, step, length, with alignment.
RAW_MESSAGE_BYTES = 4 + 8 + 4 + 8 + 8 + 4 + 8 + 4 + 4
MS_PER_S = 1000.0


@dataclass(frozen=True, slots=True)
class CodedPicture:
    """An encoded picture and the size that it comes back at."""

    data: NDArray[np.uint8]
    width: int
    height: int


class PictureCodec:
    """Send pictures by `jpeg` or `webp`, every quality at every scale."""

    def __init__(self, name: str, detector: PictureDetector,
                 clock: Callable[[], float] = time.perf_counter) -> None:
        self.settings = image_settings(name)
        self._detector = detector
        self._clock = clock

    def encode(self, image: NDArray[np.uint8], setting: Setting) -> Sent:
        """Shrink and encode."""
        extension, flag = FLAGS[setting.codec]
        height, width = image.shape[:2]
        size = (round(width * setting.scale), round(height * setting.scale))
        started = self._clock()
        # Area below three quarters: linear interpolation would skip pixels there.
        shrunk = image if setting.scale == 1.0 else cv2.resize(
            image, size,
            interpolation=cv2.INTER_AREA if setting.scale < 0.7 else cv2.INTER_LINEAR)
        done, data = cv2.imencode(extension, shrunk, [flag, setting.quality])
        encode_ms = MS_PER_S * (self._clock() - started)
        if not done:
            raise ValueError(f'OpenCV cannot encode {setting.name}')
        return Sent(CodedPicture(data, width, height), len(data) + MESSAGE_BYTES, encode_ms, 0.0)

    def detect(self, sent: Sent, setting: Setting) -> Detections:
        """Decode, enlarge to the picture's size and detect."""
        return self._detector.detect(self.picture(sent, setting)).detections

    def picture(self, sent: Sent, setting: Setting) -> NDArray[np.uint8]:
        """Decode to uint8 (H, W, 3), BGR, of the picture's size."""
        coded = sent.content
        image = cv2.imdecode(coded.data, cv2.IMREAD_COLOR)
        if setting.scale != 1.0:
            image = cv2.resize(image, (coded.width, coded.height), interpolation=cv2.INTER_CUBIC)
        return image


class RawCodec:
    """Send the picture as it is, which takes the robot no time at all."""

    def __init__(self, detector: PictureDetector) -> None:
        self.settings = [Setting('none')]
        self._detector = detector

    def encode(self, image: NDArray[np.uint8], setting: Setting) -> Sent:
        """Return the picture with the size of its message."""
        return Sent(image, image.nbytes + RAW_MESSAGE_BYTES, 0.0, 0.0)

    def detect(self, sent: Sent, setting: Setting) -> Detections:
        """Detect in the undamaged picture."""
        return self._detector.detect(sent.content).detections


class LocalCodec:
    """Detect on the robot, on one thread: nothing is sent but detections, not counted here."""

    def __init__(self, detector: PictureDetector) -> None:
        self.settings = [Setting('local')]
        self._detector = detector

    def encode(self, image: NDArray[np.uint8], setting: Setting) -> Sent:
        """Detect; the robot's time is that of everything."""
        found = self._detector.detect(image)
        return Sent(found.detections, 0, found.detect_ms, found.network_ms)

    def detect(self, sent: Sent, setting: Setting) -> Detections:
        """Return what the robot found."""
        return sent.content


def image_settings(codec: str) -> list[Setting]:
    """Return all qualities at all scales of `jpeg` or `webp`."""
    return [Setting(codec, quality=quality, scale=scale)
            for scale in SCALES for quality in QUALITIES]
