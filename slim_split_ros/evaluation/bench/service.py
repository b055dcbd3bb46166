"""What serving a frame takes at every coder, width and rate, and a frame of each to serve."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from slim_split_ros.evaluation.bench.subject import Clock
from slim_split_ros.evaluation.codecs.model_codec import ModelStream, slim_settings
from slim_split_ros.evaluation.figures.points import Setting
from slim_split_ros.offboard import load_server
from slim_split_ros.onboard import Encoded, FrameEncoder
from slim_split_ros.wire import Manifest

# What was loaded last has to be paged in; the first frame of a video is never the usual one.
_WARM_UPS = 1
_MS_PER_S = 1e3

Settings = Callable[[Sequence[Setting]], Iterable[Setting]]


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """
    Hold what a server takes for a frame, milliseconds, medians.

    Decoding was measured at this very setting; rebuilding and detecting once a coder and width,
    since the network's input has one size at all rates.
    """

    coder: str
    width: float
    rate: int
    alone: bool
    decode_ms: float
    serve_ms: float


def measure_service(
    manifest: Manifest, device: str, frames: Sequence[np.ndarray], clock: Clock,
    progress: Settings = lambda items: items,
) -> tuple[list[ServiceRow], str]:
    """
    Serve frames, uint8 (H, W, 3), BGR, at each setting that runs here; also say where.

    Raises ServerError for a device that is not there.
    """
    server, encoder = load_server(manifest, device, threads=1), FrameEncoder(manifest)
    serve_ms: dict[tuple[str, float], float] = {}
    rows = []
    for setting in progress(slim_settings(manifest, alone_only=False)):
        encoder.forget()
        stream = ModelStream(manifest, encoder, server, setting)
        decoding, serving = [], []
        kind = setting.coder, setting.width
        for frame in frames:
            sent = stream.encode(frame)
            started_s = clock()
            received = stream.receive(sent)
            decoded_s = clock()
            decoding.append(_MS_PER_S * (decoded_s - started_s))
            if kind not in serve_ms:
                server.serve([received], with_pictures=False)
                serving.append(_MS_PER_S * (clock() - decoded_s))
        if serving:
            serve_ms[kind] = _median(serving)
        rows.append(ServiceRow(setting.coder, setting.width, setting.rate, setting.alone,
                               _median(decoding), serve_ms[kind]))
    return rows, server.place


def encode_samples(
    manifest: Manifest, frames: Sequence[np.ndarray]
) -> list[tuple[Setting, Encoded]]:
    """Encode a frame, the second of two, at each setting that runs here."""
    encoder = FrameEncoder(manifest)
    samples = []
    for setting in slim_settings(manifest, alone_only=False):
        encoder.forget()
        for frame in frames[:2]:
            encoded = encoder.encode(
                frame, setting.width, setting.rate, coder=setting.coder, alone=setting.alone)
        samples.append((setting, encoded))
    return samples


def _median(values_ms: Sequence[float]) -> float:
    return round(float(np.median(values_ms[_WARM_UPS:])), 4)
