"""
How are decoded frames served? Batched by input size, run, and turned into detections.

What runs the network stands behind `Runtime`: one small file each.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
import os
from typing import Protocol

import numpy as np

from slim_split_ros.detectors.detections import Detections
from slim_split_ros.offboard.decode import ServerInput
from slim_split_ros.offboard.errors import ServerError
from slim_split_ros.offboard.onnx_runtime import OnnxRuntime
from slim_split_ros.offboard.postprocess import Candidates, select_detections
from slim_split_ros.wire.manifest import Manifest

DEFAULT_SCORE_THRESHOLD = 0.3
DEFAULT_MAX_DETECTIONS = 100
DEFAULT_THREADS = 2
# What drivers of NVIDIA (servers, Jetson), AMD and WSL make. Importing torch only to hear that
# there is no GPU takes a second and 130 MB.
GPU_DEVICES = ('/dev/nvidiactl', '/dev/nvhost-gpu', '/dev/kfd', '/dev/dxg')
# Bounds the memory of one run.
MAX_BATCH = 16


class Runtime(Protocol):
    """Run the server's half of the network."""

    def run(
        self, symbols: np.ndarray, inverse_gain: np.ndarray, width_index: np.ndarray
    ) -> list[Candidates]:
        """
        Return the candidates of each frame.

        int8 (N, L, h, w), float32 (N, L), int64 (N,).
        """


class Server:
    """
    Detect in decoded frames; for one thread.

        server = load_server(manifest)
        (detections,) = server.detect([decode_frame(encoded, manifest)])
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def detect(
        self, batch: Sequence[ServerInput], score_threshold: float = DEFAULT_SCORE_THRESHOLD,
        max_detections: int = DEFAULT_MAX_DETECTIONS,
    ) -> list[Detections]:
        """Return the detections of each frame, in the order given."""
        found: dict[int, Detections] = {}
        for members in _group_by_size(batch):
            candidates = self._runtime.run(
                np.stack([batch[index].symbols for index in members]),
                np.stack([batch[index].inverse_gain for index in members]),
                np.array([batch[index].width_index for index in members], np.int64))
            for index, of_frame in zip(members, candidates, strict=True):
                found[index] = select_detections(
                    of_frame, batch[index].geometry, score_threshold, max_detections)
        return [found[index] for index in range(len(batch))]


def load_server(
    manifest: Manifest, device: str = 'auto', threads: int = DEFAULT_THREADS
) -> Server:
    """
    Load the server's half of a model.

    `device` is `cpu` (ONNX Runtime on `threads`), `cuda` or `cuda:N` (torch), or `auto`: a GPU
    where torch and one are there, else the CPU. Raises ServerError or ManifestError naming the
    file or device that cannot be used.
    """
    kind, _, number = device.partition(':')
    if device not in ('auto', 'cpu', 'cuda') and not (kind == 'cuda' and number.isdigit()):
        raise ServerError(f'device is {device!r}, must be auto, cpu, cuda or cuda:N')
    if device == 'cpu':
        return Server(OnnxRuntime(manifest, threads))
    if device == 'auto' and not _has_gpu():
        return Server(OnnxRuntime(manifest, threads))
    return Server(_load_torch_runtime(manifest, 'cuda' if device == 'auto' else device))


def _group_by_size(batch: Sequence[ServerInput]) -> list[list[int]]:
    """Return indices of frames that go through the network together."""
    by_size: dict[tuple[int, ...], list[int]] = {}
    for index, frame in enumerate(batch):
        by_size.setdefault(frame.symbols.shape, []).append(index)
    return [
        members[start:start + MAX_BATCH]
        for members in by_size.values() for start in range(0, len(members), MAX_BATCH)
    ]


def _has_gpu() -> bool:
    if find_spec('torch') is None or not any(map(os.path.exists, GPU_DEVICES)):
        return False
    from slim_split_ros.offboard.torch_runtime import gpu_is_available

    return gpu_is_available()


def _load_torch_runtime(manifest: Manifest, device: str) -> Runtime:
    if find_spec('torch') is None:
        raise ServerError(
            f'device {device} needs torch, which is not installed: install it, or set the '
            'parameter `device` to cpu')
    from slim_split_ros.offboard.torch_runtime import TorchRuntime

    return TorchRuntime(manifest, device)
