"""
The way from an image to a payload: letterbox, encoder of a width, entropy coder; one thread.

Which width and rate is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import time

import cv2
import numpy as np

from slim_split_ros.onboard.errors import EncoderError
from slim_split_ros.onboard.letterbox import letterbox, new_canvas
from slim_split_ros.onboard.network import EncoderNetwork
from slim_split_ros.onboard.pixels import ChannelOrder
from slim_split_ros.wire.geometry import FrameGeometry
from slim_split_ros.wire.manifest import Manifest
from slim_split_ros.wire.payload import pack_symbols, prepare_payload

MS_PER_S = 1000.0


@dataclass(frozen=True, slots=True)
class Encoded:
    """
    Hold a frame's payload, and what the header says about it.

    `encode_ms` is camera image in memory to payload in memory, `network_ms` the network alone.
    """

    payload: bytes
    symbol_shape: tuple[int, int, int]
    geometry: FrameGeometry
    encode_ms: float
    network_ms: float


class FrameEncoder:
    """
    Encode images at any width and rate of a model, each frame by itself; for one thread.

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

    def encode(
        self, image: np.ndarray, width: float, rate: int, channel_order: ChannelOrder = 'bgr'
    ) -> Encoded:
        """
        Encode uint8 (H, W, 3).

        Raises EncoderError for a width or rate that the model lacks, GeometryError for an image
        without pixels or of absurd size.
        """
        started_s = self._clock()
        index = self._find_width(width, rate)
        geometry = FrameGeometry.fit(
            image.shape[1], image.shape[0],
            self._manifest.input_long_side, self._manifest.input_multiple)
        canvas = letterbox(image, geometry, channel_order, self._canvas_for(geometry))
        network_started_s = self._clock()
        symbols = self._networks[index].run(canvas, self._gains[index][rate])
        network_ended_s = self._clock()
        payload = self._pack(symbols, index, rate)
        return Encoded(
            payload, symbols.shape, geometry, MS_PER_S * (self._clock() - started_s),
            MS_PER_S * (network_ended_s - network_started_s))

    def _find_width(self, width: float, rate: int) -> int:
        index = self._manifest.width_index(width)
        if index is None:
            shares = ', '.join(f'{entry.width:g}' for entry in self._manifest.widths)
            raise EncoderError(f'width is {width:g}, the model has {shares}')
        if not 0 <= rate < self._manifest.rates:
            raise EncoderError(f'rate is {rate}, the model has 0 to {self._manifest.rates - 1}')
        return index

    def _canvas_for(self, geometry: FrameGeometry) -> np.ndarray:
        if geometry != self._canvas_geometry:
            self._canvas = new_canvas(geometry)
            self._canvas_geometry = geometry
        return self._canvas

    def _pack(self, symbols: np.ndarray, index: int, rate: int) -> bytes:
        return pack_symbols(
            symbols, self._manifest.coder, self._manifest.tables(index, rate),
            self._manifest.symbol_bits(rate))
