"""The robot's work on a frame, stage by stage, beside picture codecs, video and the paper's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np

from slim_split_ros.coders import why_no_video_encoding
from slim_split_ros.evaluation.bench.subject import BenchSubject, Clock, time_ms
from slim_split_ros.onboard import FrameEncoder, letterbox
from slim_split_ros.onboard.letterbox import new_canvas
from slim_split_ros.wire import FrameGeometry, Manifest, pack_symbols, unpack_symbols

if TYPE_CHECKING:
    import av

ALL, LETTERBOX, NETWORK, CODER = 'all', 'letterbox', 'network', 'coder'
QUALITY = 80
_PICTURE_CODECS = {
    'jpeg': ('.jpg', cv2.IMWRITE_JPEG_QUALITY), 'webp': ('.webp', cv2.IMWRITE_WEBP_QUALITY)}
_ONNX, _OPENCV, _PYAV = 'onnxruntime', 'opencv', 'pyav'
# libx264's own default quality; settings of a robot's camera driver, one thread as the others.
_H264_OPTIONS = {'preset': 'veryfast', 'tune': 'zerolatency', 'crf': '23'}


def encode_subjects(
    manifest: Manifest, ensemble: Manifest | None, threads: int, clock: Clock
) -> list[BenchSubject]:
    """Return every width, one member of the paper's encoder, JPEG, WebP, and H.264 if there."""
    subjects = [
        BenchSubject('slim', _ONNX, entry.width, threads,
                     _Slim(manifest, entry.width, threads, clock))
        for entry in manifest.widths]
    if ensemble is not None:
        narrowest = min(entry.width for entry in ensemble.widths)
        subjects.append(BenchSubject(
            'paper, one member', _ONNX, narrowest, threads,
            _Slim(ensemble, narrowest, threads, clock)))
    subjects += [
        BenchSubject(f'{name} {QUALITY}', _OPENCV, 0.0, 1, _picture_codec(name, clock))
        for name in _PICTURE_CODECS]
    if not why_no_video_encoding():
        subjects.append(BenchSubject('h264', _PYAV, 0.0, 1, _H264(clock)))
    return subjects


class _Slim:
    """Time an encoder as the node runs it, and its stages each by itself."""

    def __init__(
        self, manifest: Manifest, width: float, threads: int, clock: Clock
    ) -> None:
        self._manifest, self._width, self._clock = manifest, width, clock
        self._encoder = FrameEncoder(manifest, threads, clock)
        self._index = manifest.width_index(width)

    def __call__(self, frame: np.ndarray) -> Mapping[str, float]:
        encoded = self._encoder.encode(frame, self._width, 0)
        return {ALL: encoded.encode_ms, LETTERBOX: self._letterbox_ms(frame),
                NETWORK: encoded.network_ms,
                CODER: self._coder_ms(encoded.payload, encoded.symbol_shape)}

    def _letterbox_ms(self, frame: np.ndarray) -> float:
        geometry = FrameGeometry.fit(
            frame.shape[1], frame.shape[0], self._manifest.input_long_side,
            self._manifest.input_multiple)
        canvas = new_canvas(geometry)
        return time_ms(self._clock, lambda: letterbox(frame, geometry, 'bgr', canvas))

    def _coder_ms(self, payload: bytes, shape: tuple[int, int, int]) -> float:
        manifest = self._manifest
        coding = manifest.coder, manifest.tables(self._index, 0), manifest.symbol_bits(0)
        symbols = unpack_symbols(payload, shape, *coding)
        return time_ms(self._clock, lambda: pack_symbols(symbols, *coding))


class _H264:
    """Time libx264 in one stream, of which every frame but the first leans on the one before."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._context: av.CodecContext | None = None
        self._size = (0, 0)

    def __call__(self, frame: np.ndarray) -> Mapping[str, float]:
        return {ALL: time_ms(self._clock, lambda: self._encode(frame))}

    def _encode(self, pixels: np.ndarray) -> list[bytes]:
        import av

        # Chroma of half the sides takes even ones.
        height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
        if self._context is None or self._size != (width, height):
            self._context, self._size = _open_h264(width, height), (width, height)
        planes = cv2.cvtColor(pixels[:height, :width], cv2.COLOR_BGR2YUV_I420)
        frame = av.VideoFrame.from_ndarray(planes, format='yuv420p')
        return [bytes(packet) for packet in self._context.encode(frame)]


def _open_h264(width: int, height: int) -> av.CodecContext:
    import av

    context = av.CodecContext.create('libx264', 'w')
    context.width, context.height, context.pix_fmt = width, height, 'yuv420p'
    context.time_base = Fraction(1, 30)
    context.thread_count = 1
    context.options = _H264_OPTIONS
    context.open()
    return context


def _picture_codec(name: str, clock: Clock) -> Callable[[np.ndarray], Mapping[str, float]]:
    extension, flag = _PICTURE_CODECS[name]

    def encode(frame: np.ndarray) -> Mapping[str, float]:
        return {ALL: time_ms(
            clock, lambda: cv2.imencode(extension, frame, [flag, QUALITY]))}

    return encode
