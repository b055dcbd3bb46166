"""
The way from an image to a payload: letterbox, network of a width, coder behind it; one thread.

Which coder, width and rate is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import time

import cv2
import numpy as np

from slim_split_ros.coders import CoderError, EncodedVideo, VideoEncoder, why_no_video_encoding
from slim_split_ros.onboard.errors import EncoderError
from slim_split_ros.onboard.letterbox import letterbox, new_canvas
from slim_split_ros.onboard.network import EncoderNetwork, MapNetwork
from slim_split_ros.onboard.pixels import ChannelOrder
from slim_split_ros.wire.geometry import FrameGeometry
from slim_split_ros.wire.manifest import Manifest
from slim_split_ros.wire.payload import pack_symbols, prepare_payload

MS_PER_S = 1000.0
VIDEO = 'video'
# Rows and columns of the picture that shows at the start whether video can be coded.
_TRIED_SIZE = (240, 320)
# Symbols of the model's network, whatever the table of operating points calls it.
SYMBOL_CODERS = ('cells', 'ensemble')


@dataclass(frozen=True, slots=True)
class Encoded:
    """
    Hold a frame's payload, and what the header says about it.

    `symbol_shape` is that of the symbols, None for a picture that is coded as video.
    `encode_ms` is camera image in memory to payload in memory, `network_ms` the network alone.
    What is not `alone` needs the frame of the same coder that was encoded before.
    """

    payload: bytes
    symbol_shape: tuple[int, int, int] | None
    geometry: FrameGeometry
    encode_ms: float
    network_ms: float
    coder: str = SYMBOL_CODERS[0]
    alone: bool = True


class FrameEncoder:
    """
    Encode images at any coder, width and rate of a model; for one thread.

    Every width is loaded at the start (2 to 5 ms and a few MB each), so switching costs nothing.
    The entropy coder is the model's. Raises EncoderError or ManifestError naming the file that
    cannot be loaded.

        encoder = FrameEncoder(load_manifest(folder))
        encoded = encoder.encode(image, width=0.5, rate=0)
    """

    def __init__(
        self, manifest: Manifest, threads: int = 1,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._manifest = manifest
        self._clock = clock
        # OpenCV keeps one pool for the process, by default of every core of the board.
        cv2.setNumThreads(threads)
        self._networks = [
            EncoderNetwork(manifest.checked_file(entry.encoder), entry.latent_channels, threads)
            for entry in manifest.widths
        ]
        self._gains = [
            [np.full(entry.latent_channels, gain, np.float32) for gain in entry.gains]
            for entry in manifest.widths
        ]
        self._canvas = np.empty((0, 0, 3), np.uint8)
        self._canvas_geometry: FrameGeometry | None = None
        for entry in manifest.widths:
            for tables in entry.tables:
                prepare_payload(tables)
        self.why_no_video = why_no_video_encoding() if manifest.video else ''
        self._video: VideoEncoder | None = None
        if manifest.video and not self.why_no_video:
            self._maps = [MapNetwork(manifest.checked_file(entry.map), threads)
                          for entry in manifest.widths]
            self._video = self._try_video()

    @property
    def coders(self) -> tuple[str, ...]:
        """
        Name the coders that run here.

        `why_no_video` says in a sentence why that of a model's video points does not, else ''.
        """
        return SYMBOL_CODERS + ((VIDEO,) if self._video else ())

    def forget(self) -> None:
        """Let the next frame need none: the last one was not sent, or did not arrive."""
        if self._video:
            self._video.forget()

    def encode(
        self, image: np.ndarray, width: float, rate: int, channel_order: ChannelOrder = 'bgr',
        coder: str = SYMBOL_CODERS[0], alone: bool = True,
    ) -> Encoded:
        """
        Encode uint8 (H, W, 3); whether a frame that need not be `alone` is, the result says.

        Raises EncoderError for a coder, width or rate that is not there and for an image that a
        coder does not take, GeometryError for an image without pixels or of absurd size.
        """
        started_s = self._clock()
        index = self._find_width(width)
        self._check_rate(coder, rate)
        geometry = FrameGeometry.fit(
            image.shape[1], image.shape[0],
            self._manifest.input_long_side, self._manifest.input_multiple)
        canvas = letterbox(image, geometry, channel_order, self._canvas_for(geometry))
        network_started_s = self._clock()
        if coder == VIDEO:
            levels = self._maps[index].run(canvas)
        else:
            symbols = self._networks[index].run(canvas, self._gains[index][rate])
        network_ended_s = self._clock()
        if coder == VIDEO:
            encoded = self._encode_video(image, levels, geometry, rate, alone, channel_order)
            payload, shape, alone = encoded.payload, None, encoded.alone
        else:
            payload, shape, alone = self._pack(symbols, index, rate), symbols.shape, True
        return Encoded(
            payload, shape, geometry, MS_PER_S * (self._clock() - started_s),
            MS_PER_S * (network_ended_s - network_started_s), coder, alone)

    def _try_video(self) -> VideoEncoder | None:
        """Return an encoder that has encoded; where it cannot, the robot has another coder."""
        image, long_side = np.zeros((*_TRIED_SIZE, 3), np.uint8), self._manifest.input_long_side
        geometry = FrameGeometry.fit(
            *_TRIED_SIZE[::-1], long_side, self._manifest.input_multiple)
        video = VideoEncoder()
        try:
            levels = self._maps[0].run(letterbox(image, geometry, 'bgr', new_canvas(geometry)))
            video.encode(image, levels, geometry, self._manifest.video[0])
        # The border to PyAV and the map's graph: whatever fails here would fail at every frame.
        except Exception as error:
            self.why_no_video = f'the first picture failed as video ({error})'
            return None
        video.forget()
        return video

    def _find_width(self, width: float) -> int:
        index = self._manifest.width_index(width)
        if index is None:
            shares = ', '.join(f'{entry.width:g}' for entry in self._manifest.widths)
            raise EncoderError(f'width is {width:g}, the model has {shares}')
        return index

    def _check_rate(self, coder: str, rate: int) -> None:
        if coder not in self.coders:
            raise EncoderError(
                f'coder is {coder!r:.40}, here run {", ".join(self.coders)}'
                f'{": " if self.why_no_video else ""}{self.why_no_video}')
        rates = len(self._manifest.video) if coder == VIDEO else self._manifest.rates
        if not 0 <= rate < rates:
            raise EncoderError(f'rate is {rate}, the model has 0 to {rates - 1}')

    def _encode_video(
        self, image: np.ndarray, levels: np.ndarray, geometry: FrameGeometry, rate: int,
        alone: bool, channel_order: ChannelOrder,
    ) -> EncodedVideo:
        try:
            return self._video.encode(
                image, levels, geometry, self._manifest.video[rate], alone, channel_order)
        except CoderError as error:
            raise EncoderError(str(error)) from error

    def _canvas_for(self, geometry: FrameGeometry) -> np.ndarray:
        if geometry != self._canvas_geometry:
            self._canvas = new_canvas(geometry)
            self._canvas_geometry = geometry
        return self._canvas

    def _pack(self, symbols: np.ndarray, index: int, rate: int) -> bytes:
        return pack_symbols(
            symbols, self._manifest.coder, self._manifest.tables(index, rate),
            self._manifest.symbol_bits(rate))
