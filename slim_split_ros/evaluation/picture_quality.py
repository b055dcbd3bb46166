"""How good is what the server rebuilds, as a picture, beside what other codecs bring?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
import math

import cv2
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor
from torch.nn import functional

from slim_split_ros.evaluation.codec import FRAME_ID
from slim_split_ros.evaluation.evaluate import Progress
from slim_split_ros.evaluation.image_codecs import MESSAGE_BYTES, SCALES
from slim_split_ros.networks.detector import Detector
from slim_split_ros.networks.split_detector import normalize
from slim_split_ros.offboard.decode import decode_frame
from slim_split_ros.offboard.server import load_server
from slim_split_ros.onboard.encoder import FrameEncoder
from slim_split_ros.training.data.coco_folder import LabelledImage
from slim_split_ros.training.data.pictures import read_picture
from slim_split_ros.training.objectives.similarity import WINDOW, structural_similarity
from slim_split_ros.wire.header import Frame, FrameHeader
from slim_split_ros.wire.manifest import Manifest
from slim_split_ros.wire.message_size import encoded_frame_bytes

BYTES = (1000, 2000, 4000)  # a frame, at which codecs are compared
WEBP_QUALITIES = (0, 5, 10, 20, 40, 60, 80)
H264_QUANTIZERS = (22, 27, 32, 37, 42, 47)  # constant, of 51; lower is finer
LEAST_SIDE = 96  # pixels of a shrunk picture: features are an eighth to a thirty-second of it
LARGER_IS_BETTER = {'ssim': True, 'ssim_inside': True, 'features': False,
                    'features_inside': False}

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A picture as it comes back; settings of one `line` differ in fineness alone."""

    codec: str
    line: str
    fineness: int
    bytes: int  # of the message
    picture: Picture


class PictureJudge:
    """
    Compare pictures uint8 (H, W, 3), BGR, with what the camera took.

    By structural similarity, 1 where alike, and by the features of a backbone that knows
    photographs: the squared distance of their directions at three strides, 0 where alike, as in
    The Unreasonable Effectiveness of Deep Features, arXiv 1801.03924, unweighted.
    """

    def __init__(self, seeing: Detector) -> None:
        self._seeing = seeing.eval()

    @torch.inference_mode()
    def judge(self, camera: Picture, rebuilt: Picture, boxes: NDArray[np.float32]
              ) -> dict[str, float]:
        """
        Return each figure over the whole picture, and over what boxes (n, 4), x, y, w, h, cover.

        What is inside no box has no such figure: NaN.
        """
        first, second = _to_tensor(camera), _to_tensor(rebuilt)
        alike = structural_similarity(first, second, 255.0)[0, 0].numpy()
        apart = self._distance(first, second).numpy()
        inside = _inside(boxes, *camera.shape[:2])
        edge = WINDOW // 2
        return {
            'ssim': float(alike.mean()), 'features': float(apart.mean()),
            'ssim_inside': _mean_of(alike, inside[edge:-edge, edge:-edge]),
            'features_inside': _mean_of(apart, inside)}

    def _distance(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the mean distance of the strides (H, W)."""
        maps = []
        for mine, yours in zip(self._levels(first), self._levels(second), strict=True):
            apart = (functional.normalize(mine) - functional.normalize(yours)).pow(2).sum(1)
            maps.append(functional.interpolate(apart[None], first.shape[2:])[0, 0])
        return torch.stack(maps).mean(0)

    def _levels(self, picture: Tensor) -> list[Tensor]:
        features = self._seeing.stem(normalize(picture))
        return [features, *self._seeing.trunk(features)]


def measure_pictures(manifest: Manifest, images: tuple[LabelledImage, ...], judge: PictureJudge,
                     progress: Progress) -> list[dict[str, object]]:
    """
    Return, for each codec and number of bytes, its best figures over widths or scales.

    Between two settings figures are interpolated over the logarithm of bytes; a codec that does
    not reach a number of bytes from both sides has None.
    """
    cv2.setNumThreads(1)
    slim = SlimPictures(manifest)
    found: dict[tuple[str, str, int], list[dict[str, float]]] = defaultdict(list)
    for image in progress(images, 'looking at pictures'):
        camera = read_picture(image.path)
        for rebuilt in (*slim.rebuild(camera), *webp_pictures(camera), *h264_pictures(camera)):
            figures = judge.judge(camera, rebuilt.picture, image.boxes)
            found[rebuilt.codec, rebuilt.line, rebuilt.fineness].append(
                {'bytes': rebuilt.bytes, **figures})
    lines: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    for (codec, line, _), rows in found.items():
        lines[codec, line].append(
            {name: float(np.nanmean([row[name] for row in rows])) for name in rows[0]})
    return [{'codec': codec, 'bytes': size, **{
                name: _best_at(size, name, [points for (of, _), points in lines.items()
                                            if of == codec])
                for name in LARGER_IS_BETTER}}
            for codec in dict.fromkeys(codec for codec, _ in lines) for size in BYTES]


class SlimPictures:
    """Send pictures as the two nodes do, at every width and rate."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._encoder = FrameEncoder(manifest, threads=1)
        self._server = load_server(manifest, 'cpu', threads=1, detects=False)

    def rebuild(self, camera: Picture) -> Iterator[Rebuilt]:
        """Yield what comes back, enlarged to the camera's size."""
        for entry in self._manifest.widths:
            for rate in range(self._manifest.rates):
                encoded = self._encoder.encode(camera, entry.width, rate)
                header = FrameHeader(
                    sender_start_ns=0, sequence=0, geometry=encoded.geometry, width=entry.width,
                    rate=rate, fingerprint=self._manifest.fingerprint, stamp_ns=0,
                    encode_ms=encoded.encode_ms)
                frame = decode_frame(Frame(header, encoded.payload), self._manifest)
                served, = self._server.serve([frame])
                yield Rebuilt(
                    'slim', f'{entry.width:g}', rate,
                    encoded_frame_bytes(FRAME_ID, len(encoded.payload)),
                    _enlarged(served.picture, camera))


def webp_pictures(camera: Picture) -> Iterator[Rebuilt]:
    """Yield a picture by WebP, every quality at every scale."""
    for scale, shrunk in _shrunk(camera):
        for quality in WEBP_QUALITIES:
            data = cv2.imencode('.webp', shrunk, [cv2.IMWRITE_WEBP_QUALITY, quality])[1]
            yield Rebuilt('webp', f'{scale:.2f}', quality, len(data) + MESSAGE_BYTES,
                          _enlarged(cv2.imdecode(data, cv2.IMREAD_COLOR), camera))


def h264_pictures(camera: Picture) -> Iterator[Rebuilt]:
    """Yield a picture as one key frame of H.264, every quantizer and scale; none without av."""
    try:
        import av
    except ImportError:
        return
    for scale, shrunk in _shrunk(camera):
        even = np.ascontiguousarray(shrunk[:shrunk.shape[0] // 2 * 2, :shrunk.shape[1] // 2 * 2])
        for quantizer in H264_QUANTIZERS:
            encoder = av.CodecContext.create('libx264', 'w')
            encoder.width, encoder.height = even.shape[1], even.shape[0]
            encoder.pix_fmt, encoder.thread_count = 'yuv420p', 1
            encoder.time_base = '1/10'
            encoder.options = {'preset': 'medium', 'tune': 'zerolatency', 'qp': str(quantizer),
                               'x264-params': 'sei=0'}
            frame = av.VideoFrame.from_ndarray(even, format='bgr24')
            data = b''.join(map(bytes, (*encoder.encode(frame), *encoder.encode(None))))
            decoder = av.CodecContext.create('h264', 'r')
            decoded, = (*decoder.decode(av.Packet(data)), *decoder.decode(None))
            yield Rebuilt('h264', f'{scale:.2f}', -quantizer, len(data) + MESSAGE_BYTES,
                          _enlarged(decoded.to_ndarray(format='bgr24'), camera))


def _shrunk(camera: Picture) -> Iterator[tuple[float, Picture]]:
    for scale in SCALES:
        if min(camera.shape[:2]) * scale >= LEAST_SIDE:
            yield scale, cv2.resize(camera, None, fx=scale, fy=scale,
                                    interpolation=cv2.INTER_AREA)


def _enlarged(picture: Picture, camera: Picture) -> Picture:
    height, width = camera.shape[:2]
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC)


def _to_tensor(picture: Picture) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None]


def _inside(boxes: NDArray[np.float32], height: int, width: int) -> NDArray[np.bool_]:
    inside = np.zeros((height, width), bool)
    for x, y, w, h in boxes:
        inside[int(y):math.ceil(y + h), int(x):math.ceil(x + w)] = True
    return inside


def _mean_of(values: NDArray[np.float32], chosen: NDArray[np.bool_]) -> float:
    return float(values[chosen].mean()) if chosen.any() else math.nan


def _best_at(size: int, name: str, lines: Iterable[list[dict[str, float]]]) -> float | None:
    """Return the best figure of any line at a number of bytes, None where no line has it."""
    figures = []
    for points in lines:
        rising = sorted(points, key=lambda point: point['bytes'])
        sizes = [point['bytes'] for point in rising]
        if sizes[0] <= size <= sizes[-1]:
            figures.append(float(np.interp(
                math.log(size), np.log(sizes), [point[name] for point in rising])))
    best = max if LARGER_IS_BETTER[name] else min
    return round(best(figures), 4) if figures else None
