"""
How far AP50 would move with other recordings: a bootstrap that draws recordings, not pictures.

Pictures of one recording look alike, so drawing them one by one would promise too much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pycocotools.cocoeval import COCOeval

from slim_split_ros.training.data.coco_folder import LabelledImage

DRAWS = 400
SEED = 0
LEAST_RECORDINGS = 3  # of fewer an interval says nothing
PERCENTILES = (2.5, 97.5)
RECALLS = np.linspace(0.0, 1.0, 101)  # COCO's


@dataclass(frozen=True, slots=True)
class Resampling:
    """How often each picture counts, float32 (draws, pictures); no draws: no interval."""

    image_ids: tuple[int, ...]
    counts: NDArray[np.float32]

    @classmethod
    def of_recordings(cls, images: Sequence[LabelledImage]) -> Resampling:
        """Draw as many recordings as there are, with replacement; the same draws every time."""
        images = sorted(images, key=lambda image: image.image_id)
        names = [image.recording for image in images]
        known = sorted(set(names))
        ids = tuple(image.image_id for image in images)
        if len(known) < LEAST_RECORDINGS or '' in known:
            return cls(ids, np.zeros((0, len(images)), np.float32))
        draws = np.random.default_rng(SEED).integers(0, len(known), (DRAWS, len(known)))
        drawn = (draws[:, :, np.newaxis] == np.arange(len(known))).sum(1)  # (draws, recordings)
        return cls(ids, drawn[:, [known.index(name) for name in names]].astype(np.float32))


def interval(samples: NDArray[np.floating]) -> list[float] | None:
    """
    Return the middle 95 % of samples; None without any.

    >>> interval(np.arange(101) / 100)
    [0.025, 0.975]
    """
    if not len(samples):
        return None
    return [round(float(value), 4) for value in np.nanpercentile(samples, PERCENTILES)]


def sample_ap50(run: COCOeval, counts: NDArray[np.float32]) -> NDArray[np.float64]:
    """
    Return AP50 of each draw (draws,) from an evaluated run over the pictures of `counts`.

    The mean over classes that have objects in the draw, all areas, `maxDets` 100, as COCO's.
    """
    pictures = len(run.params.imgIds)
    areas = len(run.params.areaRng)
    of_classes = [
        _sample_class(run.evalImgs[start:start + pictures], counts)
        for start in range(0, len(run.evalImgs), areas * pictures)]
    known = np.array(of_classes)  # (classes, draws), NaN without objects
    objects = ~np.isnan(known)
    return np.where(objects, known, 0.0).sum(0) / np.maximum(objects.sum(0), 1)


def _sample_class(pictures: list[dict | None], counts: NDArray[np.float32]
                  ) -> NDArray[np.float64]:
    """Return one class's AP50 (draws,); `pictures` are its matches over all areas."""
    filled = [(place, one) for place, one in enumerate(pictures) if one is not None]
    objects = np.zeros(len(pictures), np.float32)
    for place, one in filled:
        objects[place] = np.sum(np.asarray(one['gtIgnore']) == 0)
    present = counts @ objects
    scores = np.concatenate([np.zeros(0), *(one['dtScores'] for _, one in filled)])
    hits = np.concatenate([np.zeros(0, bool), *(one['dtMatches'][0] > 0 for _, one in filled)])
    counted = np.concatenate([np.zeros(0, bool), *(~one['dtIgnore'][0] for _, one in filled)])
    places = np.repeat([place for place, _ in filled] or [0],
                       [len(one['dtScores']) for _, one in filled] or [0])
    order = np.argsort(-scores, kind='stable')
    drawn = counts[:, places[order]] * counted[order]  # (draws, detections)
    found = np.cumsum(drawn * hits[order], axis=1, dtype=np.float64)
    told = np.cumsum(drawn, axis=1, dtype=np.float64)
    precision = found / np.maximum(told, 1.0)
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    padded = np.pad(precision, ((0, 0), (0, 1)))  # recalls that are never reached count nothing
    # Rounding must not push a recall that is reached exactly over its threshold.
    reached = found / np.maximum(present, 1.0)[:, np.newaxis] + 1e-12
    return np.array([
        padded[draw, np.searchsorted(reached[draw], RECALLS)].mean()
        if present[draw] else float('nan') for draw in range(len(counts))])
