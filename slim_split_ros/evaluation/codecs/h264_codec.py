"""What sending plain H.264 costs: every picture alone, or as video with one key frame a clip."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from slim_split_ros.detectors.detections import Detections
from slim_split_ros.evaluation.codecs.codec import Sent
from slim_split_ros.evaluation.codecs.h264_stream import PRESET, H264Decoder, H264Encoder
from slim_split_ros.evaluation.codecs.image_codecs import MESSAGE_BYTES, SCALES
from slim_split_ros.evaluation.codecs.picture_detector import PictureDetector
from slim_split_ros.evaluation.figures.points import Setting

CRFS = (16, 20, 24, 28, 32, 36, 40, 43, 46, 51)
# Nobody sends video at a tenth of a link's frame; coarser than 48 nothing is found any more.
VIDEO_SCALES = (1.0, 0.75, 0.5)
VIDEO_CRFS = (24, 28, 32, 36, 40, 44, 48)


@dataclass(frozen=True, slots=True)
class CodedFrame:
    """An access unit and the size that its picture comes back at."""

    unit: bytes
    width: int
    height: int


class H264Codec:
    """Send every picture as a key frame that decodes alone, parameter sets included."""

    def __init__(self, detector: PictureDetector) -> None:
        self.settings = [Setting('h264', scale=scale, crf=crf, preset=PRESET)
                         for scale in SCALES for crf in CRFS]
        self._detector = detector

    def encode(self, image: NDArray[np.uint8], setting: Setting) -> Sent:
        """Shrink and encode, with nothing carried over from other pictures."""
        encoder = H264Encoder(setting.scale, setting.crf, keeps_stream=False)
        return _sent(image, *encoder.encode(image))

    def detect(self, sent: Sent, setting: Setting) -> Detections:
        """Decode, enlarge to the picture's size and detect."""
        return _detect(self.picture(sent, setting), self._detector)

    def picture(self, sent: Sent, setting: Setting) -> NDArray[np.uint8]:
        """Decode to uint8 (H, W, 3), BGR, of the picture's size."""
        return _enlarged(sent.content, H264Decoder())


class H264VideoCodec:
    """Send each clip as one stream: a key frame, then frames that need the one before."""

    def __init__(self, detector: PictureDetector) -> None:
        self.settings = [Setting('h264_video', scale=scale, crf=crf, preset=PRESET)
                         for scale in VIDEO_SCALES for crf in VIDEO_CRFS]
        self._detector = detector

    def start(self, setting: Setting) -> H264VideoStream:
        """Begin a clip."""
        return H264VideoStream(setting, self._detector)


class H264VideoStream:
    """Both sides of one clip."""

    def __init__(self, setting: Setting, detector: PictureDetector) -> None:
        self._encoder = H264Encoder(setting.scale, setting.crf, keeps_stream=True)
        self._decoder = H264Decoder()
        self._detector = detector

    def encode(self, image: NDArray[np.uint8]) -> Sent:
        """Shrink and encode the next frame."""
        return _sent(image, *self._encoder.encode(image))

    def receive(self, sent: Sent) -> NDArray[np.uint8]:
        """Return the next frame's picture, enlarged to the camera's size."""
        return _enlarged(sent.content, self._decoder)

    def detect(self, received: NDArray[np.uint8]) -> Detections:
        """Detect in a picture."""
        return _detect(received, self._detector)


def _sent(image: NDArray[np.uint8], unit: bytes, encode_ms: float) -> Sent:
    height, width = image.shape[:2]
    return Sent(CodedFrame(unit, width, height), len(unit) + MESSAGE_BYTES, encode_ms, 0.0)


def _enlarged(coded: CodedFrame, decoder: H264Decoder) -> NDArray[np.uint8]:
    picture = decoder.decode(coded.unit)
    if picture.shape[:2] == (coded.height, coded.width):
        return picture
    return cv2.resize(picture, (coded.width, coded.height), interpolation=cv2.INTER_CUBIC)


def _detect(picture: NDArray[np.uint8], detector: PictureDetector) -> Detections:
    return detector.detect(picture).detections
