"""How good is what the server rebuilds, as a picture, beside what other codecs bring?"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
import math

import cv2
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor
from torch.nn import functional

from slim_split_ros.evaluation.agreement import SeenCodec
from slim_split_ros.evaluation.codecs.codec import Sent
from slim_split_ros.evaluation.figures.points import Setting
from slim_split_ros.networks.backbone import fold_norms
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
        # Half the time: norms within convolutions, and channels innermost.
        self._seeing = fold_norms(seeing).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def judge(self, camera: Picture, rebuilt: Iterable[Picture], boxes: NDArray[np.float32]
              ) -> list[Figures]:
        """
        Return each figure of each rebuilt picture, over all of it and over what boxes cover.

        Boxes (n, 4) are x, y, w, h in pixels; where there are none, figures inside are NaN.
        """
        taken = _to_tensor(camera)
        features = self._levels(taken)
        inside = _inside(boxes, *camera.shape[:2])
        edge = WINDOW // 2
        figures = []
        for picture in map(_to_tensor, rebuilt):
            alike = structural_similarity(taken, picture, 255.0)[0, 0].numpy()
            apart = self._distance(features, picture).numpy()
            figures.append({
                'ssim': float(alike.mean()), 'features': float(apart.mean()),
                'ssim_inside': _mean_of(alike, inside[edge:-edge, edge:-edge]),
                'features_inside': _mean_of(apart, inside)})
        return figures

    def _distance(self, features: list[Tensor], picture: Tensor) -> Tensor:
        """Return the mean distance of the strides (H, W)."""
        maps = []
        for mine, yours in zip(features, self._levels(picture), strict=True):
            apart = (functional.normalize(mine) - functional.normalize(yours)).pow(2).sum(1)
            maps.append(functional.interpolate(apart[None], picture.shape[2:])[0, 0])
        return torch.stack(maps).mean(0)

    def _levels(self, picture: Tensor) -> list[Tensor]:
        features = self._seeing.stem(normalize(picture))
        return [features, *self._seeing.trunk(features)]


@dataclass(slots=True)
class _Point:
    """One setting, what it sent of each frame, and how good that was."""

    codec: SeenCodec
    setting: Setting
    sent: list[Sent] = field(default_factory=list)
    figures: list[Figures] = field(default_factory=list)

    @property
    def bytes(self) -> float:
        return float(np.mean([sent.bytes for sent in self.sent]))

    def mean(self, key: str) -> float:
        """Return the mean over the frames that have the figure, NaN where none has."""
        known = [of_frame[key] for of_frame in self.figures if not math.isnan(of_frame[key])]
        return float(np.mean(known)) if known else math.nan


def measure_pictures(codecs: Sequence[SeenCodec], images: Sequence[LabelledImage],
                     judge: PictureJudge, progress: Progress) -> list[dict[str, object]]:
    """
    Return, for each codec and number of bytes, its best figures over widths or scales.

    Every frame stands alone. Between two settings figures are interpolated over the logarithm of
    bytes; what does not reach a number of bytes from both sides has None. Looking takes longest:
    only those settings are looked at between which a number of bytes lies.
    """
    cv2.setNumThreads(1)
    points = [_Point(codec, setting) for codec in codecs for setting in codec.settings
              if setting.alone is not False]
    for image in progress(images, 'encoding pictures'):
        camera = read_picture(image.path)
        for point in points:
            point.sent.append(point.codec.encode(camera, point.setting))
    lines: dict[str, dict[tuple, list[_Point]]] = defaultdict(lambda: defaultdict(list))
    for point in points:
        lines[_name(point.setting)][point.setting.width, point.setting.scale].append(point)
    needed = [point for of_codec in lines.values() for line in of_codec.values()
              for point in _around(line)]
    for number, image in enumerate(progress(images, 'looking at pictures')):
        camera = read_picture(image.path)
        rebuilt = (_enlarged(point.codec.picture(point.sent[number], point.setting), camera)
                   for point in needed)
        figures = judge.judge(camera, rebuilt, image.boxes)
        for point, of_frame in zip(needed, figures, strict=True):
            point.figures.append(of_frame)
    return [{'codec': name, 'bytes': size,
             **{key: _best_at(size, key, of_codec.values()) for key in LARGER_IS_BETTER}}
            for name, of_codec in lines.items() for size in BYTES]


def _around(line: list[_Point]) -> list[_Point]:
    """Return the points next to a number of bytes, which lies between two."""
    line.sort(key=lambda point: point.bytes)
    sizes = [point.bytes for point in line]
    near: set[int] = set()
    for size in BYTES:
        if sizes[0] <= size <= sizes[-1]:
            near |= {*range(bisect_left(sizes, size) - 1, bisect_right(sizes, size) + 1)}
    return [point for place, point in enumerate(line) if place in near]


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


def _best_at(size: int, key: str, lines: Iterable[list[_Point]]) -> float | None:
    """Return the best figure of any line at a number of bytes, None where no line has one."""
    figures = []
    for line in lines:
        seen = [point for point in line if point.figures]
        sizes = [point.bytes for point in seen]
        if seen and sizes[0] <= size <= sizes[-1]:
            figures.append(float(np.interp(
                math.log(size), np.log(sizes), [point.mean(key) for point in seen])))
    best = max if LARGER_IS_BETTER[key] else min
    known = [figure for figure in figures if not math.isnan(figure)]
    return round(best(known), 4) if known else None
