"""How good is what the server rebuilds, as a picture, beside what other codecs bring?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
import math

import cv2
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor
from torch.nn import functional

from slim_split_ros.evaluation.agreement import SeenCodec
from slim_split_ros.evaluation.figures.points import Setting
from slim_split_ros.networks.detector import Detector
from slim_split_ros.networks.split_detector import normalize
from slim_split_ros.training.data.coco_folder import LabelledImage
from slim_split_ros.training.data.pictures import read_picture
from slim_split_ros.training.frames import Progress
from slim_split_ros.training.objectives.similarity import WINDOW, structural_similarity

BYTES = (1000, 2000, 4000)  # a frame, at which codecs are compared
LARGER_IS_BETTER = {'ssim': True, 'ssim_inside': True, 'features': False,
                    'features_inside': False}

Picture = NDArray[np.uint8]  # (H, W, 3), BGR
Figures = dict[str, float]


class PictureJudge:
    """
    Compare pictures with what the camera took.

    By structural similarity, 1 where alike, and by the features of a backbone that knows
    photographs: the squared distance of their directions at three strides, 0 where alike, as in
    The Unreasonable Effectiveness of Deep Features, arXiv 1801.03924, unweighted.
    """

    def __init__(self, seeing: Detector) -> None:
        self._seeing = seeing.eval()

    @torch.inference_mode()
    def judge(self, camera: Picture, rebuilt: Picture, boxes: NDArray[np.float32]) -> Figures:
        """
        Return each figure over the whole picture, and over what boxes cover.

        Boxes (n, 4) are x, y, w, h in pixels; where there are none, figures inside are NaN.
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


def measure_pictures(codecs: Sequence[SeenCodec], images: Iterable[LabelledImage],
                     judge: PictureJudge, progress: Progress) -> list[dict[str, object]]:
    """
    Return, for each codec and number of bytes, its best figures over widths or scales.

    Every frame stands alone. Between two settings figures are interpolated over the logarithm of
    bytes; what does not reach a number of bytes from both sides has None.
    """
    cv2.setNumThreads(1)
    found: dict[tuple[str, Setting], list[Figures]] = defaultdict(list)
    for image in progress(images, 'looking at pictures'):
        camera = read_picture(image.path)
        for codec in codecs:
            for setting in codec.settings:
                if setting.alone is False:
                    continue
                sent = codec.encode(camera, setting)
                rebuilt = _enlarged(codec.picture(sent, setting), camera)
                found[_name(setting), setting].append(
                    {'bytes': sent.bytes, **judge.judge(camera, rebuilt, image.boxes)})
    lines: dict[str, dict[tuple, list[Figures]]] = defaultdict(lambda: defaultdict(list))
    for (name, setting), rows in found.items():
        lines[name][setting.width, setting.scale].append(
            {key: float(np.nanmean([row[key] for row in rows])) for key in rows[0]})
    return [{'codec': name, 'bytes': size,
             **{key: _best_at(size, key, of_codec.values()) for key in LARGER_IS_BETTER}}
            for name, of_codec in lines.items() for size in BYTES]


def _name(setting: Setting) -> str:
    return setting.codec if setting.coder is None else f'{setting.codec} {setting.coder}'


def _enlarged(picture: Picture, camera: Picture) -> Picture:
    if picture.shape == camera.shape:
        return picture
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


def _best_at(size: int, key: str, lines: Iterable[list[Figures]]) -> float | None:
    """Return the best figure of any line at a number of bytes, None where no line has it."""
    figures = []
    for points in lines:
        rising = sorted(points, key=lambda point: point['bytes'])
        sizes = [point['bytes'] for point in rising]
        if sizes[0] <= size <= sizes[-1]:
            figures.append(float(np.interp(
                math.log(size), np.log(sizes), [point[key] for point in rising])))
    best = max if LARGER_IS_BETTER[key] else min
    return round(best(figures), 4) if figures else None
