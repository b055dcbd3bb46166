"""
What would a picture codec bring over with the bytes of our frames, and what is found in that?

The picture is sent as WebP or JPEG by OpenCV, shrunk and with the quality that together keep most
of it within the bytes of our message; the same model at its widest detects in what comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
import time

import cv2
import numpy as np
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage

from slim_split_ros.evaluation.figures.matching import NamedBoxes
from slim_split_ros.offboard import decode_frame, load_server
from slim_split_ros.onboard import FrameEncoder
from slim_split_ros.wire import Frame, FrameHeader, Manifest

CODECS = {'WebP': ('.webp', cv2.IMWRITE_WEBP_QUALITY), 'JPEG': ('.jpg', cv2.IMWRITE_JPEG_QUALITY)}
_SCALES = (1.0, 2 / 3, 1 / 2, 1 / 3, 1 / 4)
_MOST_QUALITY = 100
_MS_PER_S = 1000.0


@dataclass(frozen=True, slots=True)
class CodedPicture:
    """Hold a picture as it comes back, uint8 (H, W, 3), BGR, and what sending it takes."""

    pixels: np.ndarray
    quality: int
    scale: float
    message_bytes: int
    encode_ms: float


def code_within(pixels: np.ndarray, codec: str, message_bytes: int) -> CodedPicture:
    """
    Return the picture, uint8 (H, W, 3), BGR, as it comes back through at most so many bytes.

    Of all scales that fit the one closest to the picture is taken (least squared error); where
    none does, the smallest.
    """
    fitting = [coded for scale in _SCALES
               if (coded := _fit(pixels, codec, scale, message_bytes)) is not None]
    if not fitting:
        return _code(pixels, codec, _SCALES[-1], 1)
    return min(fitting, key=lambda coded: cv2.norm(coded.pixels, pixels, cv2.NORM_L2SQR))


class WidestDetector:
    """Detect in pictures with both halves of a model, at its widest and finest."""

    def __init__(self, manifest: Manifest, score_threshold: float) -> None:
        self._manifest = manifest
        self._width = max(entry.width for entry in manifest.widths)
        self._threshold = score_threshold
        self._encoder = FrameEncoder(manifest)
        self._server = load_server(manifest, 'cpu')

    def detect(self, pixels: np.ndarray) -> NamedBoxes:
        """Return what is found in uint8 (H, W, 3), BGR."""
        encoded = self._encoder.encode(pixels, self._width, rate=0)
        header = FrameHeader(
            sender_start_ns=0, sequence=0, geometry=encoded.geometry, width=self._width, rate=0,
            fingerprint=self._manifest.fingerprint, stamp_ns=0, encode_ms=encoded.encode_ms)
        frame = decode_frame(Frame(header, encoded.payload), self._manifest)
        found, = self._server.detect([frame], self._threshold)
        return NamedBoxes(
            found.boxes.astype(np.float64),
            tuple(self._manifest.classes[label] for label in found.labels),
            tuple(float(score) for score in found.scores))


def _fit(
    pixels: np.ndarray, codec: str, scale: float, message_bytes: int
) -> CodedPicture | None:
    """Return the best quality at a scale, found by halving; None where the worst is too large."""
    shrunk = _shrink(pixels, scale)

    def fits(quality: int) -> bool:
        return len(_encode(shrunk, codec, quality)) + _OVERHEAD_BYTES <= message_bytes

    low, high = 1, _MOST_QUALITY
    if not fits(low):
        return None
    while low < high:
        quality = (low + high + 1) // 2
        low, high = (quality, high) if fits(quality) else (low, quality - 1)
    return _code(pixels, codec, scale, low)


def _code(pixels: np.ndarray, codec: str, scale: float, quality: int) -> CodedPicture:
    started_s = time.perf_counter()
    data = _encode(_shrink(pixels, scale), codec, quality)
    encode_ms = _MS_PER_S * (time.perf_counter() - started_s)
    height, width = pixels.shape[:2]
    back = cv2.resize(
        cv2.imdecode(data, cv2.IMREAD_COLOR), (width, height), interpolation=cv2.INTER_CUBIC)
    return CodedPicture(back, quality, scale, len(data) + _OVERHEAD_BYTES, encode_ms)


def _shrink(pixels: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1.0:
        return pixels
    width, height = (max(1, round(scale * side)) for side in (pixels.shape[1], pixels.shape[0]))
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)


def _encode(pixels: np.ndarray, codec: str, quality: int) -> np.ndarray:
    extension, flag = CODECS[codec]
    return cv2.imencode(extension, pixels, [flag, quality])[1]


def _overhead_bytes() -> int:
    message = CompressedImage(format='webp')
    message.header.frame_id = 'camera'
    return len(serialize_message(message))


_OVERHEAD_BYTES = _overhead_bytes()
