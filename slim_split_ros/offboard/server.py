"""
How are decoded frames served? Batched by input size, rebuilt to pictures, and detected in.

What runs the network stands behind `Runtime`: one small file each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
import os
from typing import Protocol

import numpy as np

from slim_split_ros.coders import StepSmoother
from slim_split_ros.detectors import (
    Detections,
    DetectorError,
    OnnxDetector,
    load_detector,
)
from slim_split_ros.detectors.onnx_detector import (
    DEFAULT_MAX_DETECTIONS,
    DEFAULT_SCORE_THRESHOLD,
    DEFAULT_THREADS,
)
from slim_split_ros.offboard.decode import PictureInput, ServerInput
from slim_split_ros.offboard.errors import ServerError
from slim_split_ros.offboard.onnx_runtime import OnnxRuntime
from slim_split_ros.offboard.picture_values import place_picture
from slim_split_ros.offboard.postprocess import Candidates, select_detections
from slim_split_ros.wire.geometry import FrameGeometry
from slim_split_ros.wire.manifest import MANIFEST_FILE, Manifest

# What drivers of NVIDIA (servers, Jetson), AMD and WSL make. Importing torch only to hear that
# there is no GPU takes a second and 130 MB.
GPU_DEVICES = ('/dev/nvidiactl', '/dev/nvhost-gpu', '/dev/kfd', '/dev/dxg')
_FOR_GPU = ('torch', 'safetensors')  # whoever has torch for other work may lack the second
NOTHING = Detections(
    np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))


class Runtime(Protocol):
    """
    Run the server's half of the network: int8 (N, L, h, w), float32 (N, L), int64 (N,).

    `place` says for people where it runs, and on what; `most_together` how many frames are worth
    one run, 1 where a batch takes as long as its frames one by one.
    """

    place: str
    most_together: int

    def rebuild(
        self, symbols: np.ndarray, inverse_gain: np.ndarray, width_index: np.ndarray, *,
        with_pictures: bool, detects: bool,
    ) -> tuple[np.ndarray | None, list[Candidates] | None]:
        """Return pictures uint8 (N, H, W, 3), BGR, and candidates, what is wanted of both."""

    def detect_symbols(
        self, symbols: np.ndarray, inverse_gain: np.ndarray, width_index: np.ndarray
    ) -> list[Candidates]:
        """Return the candidates of each frame of a model that rebuilds no pictures."""

    def detect_pictures(self, pixels: np.ndarray) -> list[Candidates]:
        """Return the candidates of each input, uint8 (N, H, W, 3), BGR."""


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """
    Hold what came of a frame; boxes in pixels of the original image.

    `picture` is uint8 (h, w, 3), BGR, the image as it was rebuilt or decoded, without padding, and
    of video without block steps, which the detector saw; None where nobody asked for one, or the
    model rebuilds none.
    `problem` says how the user's detector failed.
    """

    detections: Detections
    picture: np.ndarray | None
    problem: str = ''


class Server:
    """
    Rebuild pictures from decoded frames and detect in them; for one thread.

        server = load_server(manifest)
        (detections,) = server.detect([decode_frame(encoded, manifest)])
    """

    def __init__(
        self, runtime: Runtime, *, has_pictures: bool, detector: OnnxDetector | None = None,
        detects: bool = True,
    ) -> None:
        self._runtime = runtime
        self._has_pictures = has_pictures
        self._detector = detector
        self._detects = detects
        self._smoother = StepSmoother()

    @property
    def place(self) -> str:
        """Say for people where the network runs, and on what."""
        # A detector of pictures takes no GPU.
        on_gpu = self._detector is not None and self._runtime.most_together > 1
        return f'{self._runtime.place}, the detector on the CPU' if on_gpu else self._runtime.place

    @property
    def most_together(self) -> int:
        """How many frames are worth serving together: a detector takes picture by picture."""
        return 1 if self._detector else self._runtime.most_together

    @property
    def detector(self) -> OnnxDetector | None:
        """Give the detector of pictures, the user's or the model's; None for graphs of ours."""
        return self._detector

    def detect(
        self, batch: Sequence[ServerInput | PictureInput],
        score_threshold: float = DEFAULT_SCORE_THRESHOLD,
        max_detections: int = DEFAULT_MAX_DETECTIONS,
    ) -> list[Detections]:
        """Return the detections of each frame, in the order given."""
        return [served.detections for served in self.serve(
            batch, score_threshold, max_detections, with_pictures=False)]

    def serve(
        self, batch: Sequence[ServerInput | PictureInput],
        score_threshold: float = DEFAULT_SCORE_THRESHOLD,
        max_detections: int = DEFAULT_MAX_DETECTIONS, *, with_pictures: bool = True,
    ) -> list[Served]:
        """
        Return what came of each frame, in the order given.

        A detector of the user's that fails costs a frame's detections, never its picture.
        """
        served: dict[int, Served] = {}
        for members in _group_by_size(batch, self._runtime.most_together):
            frames = [batch[index] for index in members]
            if isinstance(frames[0], PictureInput):
                found = self._serve_pictures(
                    frames, score_threshold, max_detections, with_pictures)
            else:
                found = self._serve_alike(
                    frames, score_threshold, max_detections, with_pictures)
            served |= zip(members, found, strict=True)
        return [served[index] for index in range(len(batch))]

    def _serve_alike(
        self, frames: list[ServerInput], score_threshold: float, max_detections: int,
        with_pictures: bool,
    ) -> list[Served]:
        """Serve frames of symbols, of one size."""
        symbols = (
            np.stack([frame.symbols for frame in frames]),
            np.stack([frame.inverse_gain for frame in frames]),
            np.array([frame.width_index for frame in frames], np.int64))
        geometries = [frame.geometry for frame in frames]
        detects = self._detects and self._detector is None
        with_pictures = with_pictures or self._detector is not None
        wholes = candidates = None
        if not self._has_pictures:
            candidates = self._runtime.detect_symbols(*symbols)
        elif with_pictures or detects:
            wholes, candidates = self._runtime.rebuild(
                *symbols, with_pictures=with_pictures, detects=detects)
        pictures = [None] * len(frames) if wholes is None else [
            whole[:geometry.resized_height, :geometry.resized_width]
            for whole, geometry in zip(wholes, geometries, strict=True)]
        if self._detector:
            return [
                _detect_in(self._detector, picture, geometry, score_threshold, max_detections)
                for picture, geometry in zip(pictures, geometries, strict=True)]
        if candidates is None:
            found = [NOTHING] * len(frames)
        else:
            found = [
                select_detections(of_frame, geometry, score_threshold, max_detections)
                for of_frame, geometry in zip(candidates, geometries, strict=True)]
        return [Served(*of_frame) for of_frame in zip(found, pictures, strict=True)]

    def _serve_pictures(
        self, frames: list[PictureInput], score_threshold: float, max_detections: int,
        with_pictures: bool,
    ) -> list[Served]:
        """Serve frames of video whose inputs have one size."""
        found = self._detect_in_video(frames, score_threshold, max_detections)
        return [
            replace(served, picture=(
                self._smoother.smooth(frame.picture) if with_pictures else None))
            for served, frame in zip(found, frames, strict=True)]

    def _detect_in_video(
        self, frames: list[PictureInput], score_threshold: float, max_detections: int
    ) -> list[Served]:
        if self._detector:
            return [
                _detect_in(self._detector, frame.picture, frame.geometry, score_threshold,
                           max_detections)
                for frame in frames]
        if not self._detects:
            return [Served(NOTHING, None)] * len(frames)
        candidates = self._runtime.detect_pictures(
            np.stack([place_picture(frame.picture, frame.geometry) for frame in frames]))
        return [
            Served(select_detections(
                of_frame, frame.geometry, score_threshold, max_detections), None)
            for of_frame, frame in zip(candidates, frames, strict=True)]


def load_server(
    manifest: Manifest, device: str = 'auto', threads: int = DEFAULT_THREADS,
    detector: OnnxDetector | None = None, *, detects: bool = True,
) -> Server:
    """
    Load the server's half of a model.

    `device` is `cpu` (ONNX Runtime on `threads`), `cuda` or `cuda:N` (torch), or `auto`: a GPU
    where torch, safetensors and one are there, else the CPU. A `detector` of the user's takes the
    place of the model's, be that a graph of ours or a detector in its folder; without `detects`
    nothing is looked for. Raises ServerError or ManifestError naming the file or device that
    cannot be used.
    """
    kind, _, number = device.partition(':')
    if device not in ('auto', 'cpu', 'cuda') and not (kind == 'cuda' and number.isdigit()):
        raise ServerError(f'device is {device!r}, must be auto, cpu, cuda or cuda:N')
    has_pictures = manifest.rebuild is not None
    if not has_pictures and (detector or not detects):
        raise ServerError(
            f'the model in {manifest.folder} rebuilds no pictures: set the parameter `detector` '
            'to shipped, or take another model')
    if detects and detector is None and manifest.detector:
        detector = _load_folder_detector(manifest, threads)
    if device == 'cpu' or (device == 'auto' and not _has_gpu()):
        runtime: Runtime = OnnxRuntime(manifest, threads, detects and detector is None)
    else:
        runtime = _load_torch_runtime(manifest, 'cuda' if device == 'auto' else device)
    return Server(runtime, has_pictures=has_pictures, detector=detector, detects=detects)


def _load_folder_detector(manifest: Manifest, threads: int) -> OnnxDetector:
    path = manifest.checked_detector()
    try:
        detector = load_detector(path, threads)
    except DetectorError as error:
        raise ServerError(f'{error}; or export the model again') from error
    if detector.classes != manifest.classes:
        raise ServerError(
            f'{path} finds {len(detector.classes)} classes, {MANIFEST_FILE} names '
            f'{len(manifest.classes)}, and they are not the same: export the model again')
    return detector


def _detect_in(
    detector: OnnxDetector, picture: np.ndarray, geometry: FrameGeometry, score_threshold: float,
    max_detections: int,
) -> Served:
    """Return what a detector finds in a picture, in pixels of the original image."""
    try:
        found = detector.detect(picture, score_threshold, max_detections)
    except DetectorError as error:
        return Served(NOTHING, picture, str(error))
    if not len(found) and found.dropped.not_finite:
        return Served(NOTHING, picture, f'{detector.name} gives {found.dropped.not_finite} boxes '
                      'or scores that are not finite, and nothing else: export it anew, for '
                      'float32 where it is of half precision')
    height, width = picture.shape[:2]
    scales = np.array(
        [geometry.image_width / width, geometry.image_height / height] * 2, np.float32)
    return Served(Detections(found.boxes * scales, found.scores, found.labels), picture)


def _group_by_size(
    batch: Sequence[ServerInput | PictureInput], most: int
) -> list[list[int]]:
    """Return indices of frames that go through the network together."""
    by_size: dict[tuple[bool, int, int], list[int]] = {}
    for index, frame in enumerate(batch):
        geometry = frame.geometry
        key = isinstance(frame, PictureInput), geometry.input_width, geometry.input_height
        by_size.setdefault(key, []).append(index)
    return [
        members[start:start + most]
        for members in by_size.values() for start in range(0, len(members), most)
    ]


def _lacks_for_gpu() -> list[str]:
    return [package for package in _FOR_GPU if find_spec(package) is None]


def _has_gpu() -> bool:
    if _lacks_for_gpu() or not any(map(os.path.exists, GPU_DEVICES)):
        return False
    from slim_split_ros.offboard.torch_runtime import gpu_is_available

    return gpu_is_available()


def _load_torch_runtime(manifest: Manifest, device: str) -> Runtime:
    if lacking := _lacks_for_gpu():
        raise ServerError(
            f'device {device} needs torch and safetensors, and {" and ".join(lacking)} is not '
            f'installed: pip install {" ".join(lacking)}, or set the parameter `device` to cpu')
    from slim_split_ros.offboard.torch_runtime import TorchRuntime

    return TorchRuntime(manifest, device)
