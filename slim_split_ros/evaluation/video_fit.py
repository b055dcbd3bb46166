"""At which sizes and quantizers does a place want its video? Tried on frames set apart for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import product
import math
from pathlib import Path

import numpy as np

from slim_split_ros.detectors import OnnxDetector
from slim_split_ros.detectors.description import Resize
from slim_split_ros.evaluation.agreement import measure_agreement
from slim_split_ros.evaluation.codecs.model_codec import ModelCodec
from slim_split_ros.evaluation.figures.points import MeasuredPoint, Setting
from slim_split_ros.onboard.encoder import VIDEO
from slim_split_ros.training.data.coco_folder import load_split
from slim_split_ros.training.export.model_folder import set_video
from slim_split_ros.training.frames import Progress
from slim_split_ros.wire.manifest import load_manifest
from slim_split_ros.wire.video_settings import MIN_CODED_SIDE, VideoSettings

TRIED_FRAMES = 48
LONG_SIDES = (256, 320, 416, 512, 640, 800, 960)
# Of the detector's input; more pixels than this it does not see.
MOST_OVERSIZE = 1.3
# Of cells with objects, as shares of the coarsest quantizer: 45 to 20 in H.264.
OBJECT_SHARES = (0.88, 0.8, 0.72, 0.64, 0.56, 0.48, 0.4)
# Above them: as coarse as can be, somewhat coarser, and all alike, for maps that miss much.
BACKGROUND_STEPS = (1.0, 0.16, 0.0)
SMALL_STEP = -0.08  # of small objects, below others
# Agreements for which the cheapest setting is kept, the default's first.
AIMS = (0.9, 0.5, 0.6, 0.7, 0.8, 0.85, 0.95, 0.98, 1.0)


def fit_video(
    folder: Path, detector: OnnxDetector, frames: Path, split: str, progress: Progress
) -> None:
    """Try settings on frames of `write_pseudo_labels`, and let the model have the best."""
    sizes = [(image.width, image.height) for image in load_split(frames, split).images]
    tried = candidates(sizes, detector)
    set_video(folder, tried)
    manifest = load_manifest(folder)
    settings = [Setting('slim', width=manifest.widths[-1].width, rate=rate, coder=VIDEO,
                        alone=True) for rate in range(len(tried))]
    agreement = measure_agreement(
        [ModelCodec(manifest, settings, detector)], detector, frames, split, progress,
        TRIED_FRAMES)
    set_video(folder, [tried[rate] for rate in choose(agreement.points, tried)])


def candidates(sizes: Sequence[tuple[int, int]], detector: OnnxDetector) -> list[VideoSettings]:
    """Return what is tried for images of some widths and heights and a detector."""
    width, height = max(sizes, key=math.prod)
    # Below, nothing would be left of the shorter side of the narrowest image.
    least = max(MIN_CODED_SIDE, *(math.ceil(max(size) / min(size)) for size in sizes))
    described = detector.description
    scales = described.input_width / width, described.input_height / height
    # What is stretched is seen most finely along one side, what keeps its aspect along both.
    seen = max(scales) if described.resize is Resize.STRETCH else min(scales)
    most = max(width, height) * min(1.0, MOST_OVERSIZE * seen)
    sides = [side for side in LONG_SIDES if least <= side <= most] or [max(least, int(most))]
    tried = []
    for side, share in product(sides, OBJECT_SHARES):
        for background in sorted({min(1.0, share + step) for step in BACKGROUND_STEPS}):
            offset = round(share - background, 4)
            tried.append(VideoSettings(
                side, round(background, 4), (offset, round(offset + SMALL_STEP, 4))))
    return tried


def choose(points: Sequence[MeasuredPoint], tried: Sequence[VideoSettings]) -> list[int]:
    """
    Return the rates that reach each of AIMS, or the most there is, for the fewest bytes.

    `points` has one for each of `tried`. On few frames a setting reaches more or less by chance,
    and the cheapest of many is mostly a lucky one: so agreements of one size and one kind of
    background are taken so that finer quantizers never give less.
    """
    sizes = [float(np.mean([frame.bytes for frame in point.frames])) for point in points]
    found = np.array([point.accuracy.ap50 for point in points])
    alike = defaultdict(list)
    for place, settings in enumerate(tried):
        alike[settings.long_side, settings.background == 1.0, settings.offsets[0] == 0.0].append(
            (-settings.background - settings.offsets[0], place))
    for members in alike.values():
        places = [place for _, place in sorted(members)]
        found[places] = _never_falling(found[places])
    chosen = []
    for aim in AIMS:
        reaching = np.flatnonzero(found >= min(aim, found.max()))
        chosen.append(points[min(reaching, key=sizes.__getitem__)].setting.rate or 0)
    return list(dict.fromkeys(chosen))


def _never_falling(values: np.ndarray) -> np.ndarray:
    """Return the nearest values that never fall, by least squares (pool adjacent violators)."""
    pools: list[tuple[float, int]] = []
    for value in values:
        mean, count = float(value), 1
        while pools and pools[-1][0] > mean:
            before, many = pools.pop()
            mean, count = (before * many + mean * count) / (many + count), many + count
        pools.append((mean, count))
    return np.repeat([mean for mean, _ in pools], [count for _, count in pools])
