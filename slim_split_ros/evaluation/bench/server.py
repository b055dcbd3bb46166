"""The server's work on a frame: decoding, and rebuilding with detecting, at every width."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from slim_split_ros.evaluation.bench.subject import BenchSubject, Clock
from slim_split_ros.offboard import Server, decode_frame, load_server
from slim_split_ros.onboard import FrameEncoder
from slim_split_ros.wire import Frame, FrameHeader, Manifest

ALL, DECODE, SERVE = 'all', 'decode', 'rebuild and detect'
_MS_PER_S = 1e3


def server_subjects(
    manifest: Manifest, device: str, threads: int, clock: Clock
) -> list[BenchSubject]:
    """Return the server at every width; ServerError for a device that is not there."""
    server = load_server(manifest, device, threads=threads)
    encoder = FrameEncoder(manifest)
    return [BenchSubject('slim', server.place, entry.width, threads,
                         _Serve(manifest, server, encoder, entry.width, clock))
            for entry in manifest.widths]


class _Serve:
    """Time what the server does with a frame; the robot's part comes before."""

    def __init__(
        self, manifest: Manifest, server: Server, encoder: FrameEncoder, width: float,
        clock: Clock,
    ) -> None:
        self._manifest, self._server = manifest, server
        self._encoder, self._width, self._clock = encoder, width, clock

    def __call__(self, frame: np.ndarray) -> Mapping[str, float]:
        encoded = self._encoder.encode(frame, self._width, 0)
        sent = Frame(
            FrameHeader(0, 0, encoded.geometry, self._width, 0, self._manifest.fingerprint, 0,
                        encoded.encode_ms), encoded.payload)
        started_s = self._clock()
        decoded = decode_frame(sent, self._manifest)
        decoded_s = self._clock()
        self._server.serve([decoded])
        served_s = self._clock()
        return {ALL: _MS_PER_S * (served_s - started_s),
                DECODE: _MS_PER_S * (decoded_s - started_s),
                SERVE: _MS_PER_S * (served_s - decoded_s)}
