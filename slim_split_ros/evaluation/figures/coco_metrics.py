"""How accurate detections are, by COCO's own evaluation, pycocotools, and nothing of ours."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
import io
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from slim_split_ros.detectors.detections import Detections
from slim_split_ros.evaluation.figures.resampling import Resampling, sample_ap50

# Detections below it cannot change AP but fill files; COCO itself has no threshold.
SCORE_FLOOR = 0.001


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Average precision over all areas unless the name says otherwise; NaN where undefined."""

    ap50: float
    ap: float
    ap_small: float
    ap_medium: float
    ap_large: float
    class_ap50: tuple[float, ...]  # in the order of the category ids
    # AP50 with other recordings (draws,), empty where they are not known
    ap50_samples: NDArray[np.float64] = field(
        default_factory=lambda: np.zeros(0), compare=False, repr=False)


def to_coco_results(image_id: int, detections: Detections, category_ids: tuple[int, ...]
                    ) -> list[dict]:
    """Return detections of one picture in COCO's result format."""
    return [
        {'image_id': image_id, 'category_id': category_ids[label],
         'bbox': [round(float(value), 2) for value in box], 'score': round(float(score), 5)}
        for box, score, label in zip(
            detections.boxes, detections.scores, detections.labels, strict=True)
    ]


def load_ground_truth(annotation_file: Path) -> COCO:
    """
    Read annotations the way pycocotools wants them, without its prints.

    As `load_split` takes them: boxes without area are left out, others end with the picture, as
    those that are found do.
    """
    truth = COCO()
    truth.dataset = json.loads(annotation_file.read_bytes())  # a byte order mark is let by
    truth.dataset.setdefault('info', {})  # pycocotools copies it
    sizes = {image['id']: (image['width'], image['height']) for image in truth.dataset['images']}
    truth.dataset['annotations'] = [
        {**annotation, 'bbox': _clip(annotation['bbox'], *sizes[annotation['image_id']])}
        for annotation in truth.dataset['annotations'] if min(annotation['bbox'][2:]) > 0]
    for number, annotation in enumerate(truth.dataset['annotations'], start=1):
        annotation['id'] = number  # pycocotools takes 0 for no match
        annotation.setdefault('iscrowd', 0)
        annotation.setdefault('area', annotation['bbox'][2] * annotation['bbox'][3])
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
    return truth


def _clip(box: list[float], width: float, height: float) -> list[float]:
    x, y, w, h = box
    x0, y0 = max(x, 0.0), max(y, 0.0)
    return [x0, y0, min(x + w, width) - x0, min(y + h, height) - y0]


def measure_accuracy(truth: COCO, results: list[dict], pictures: Resampling | None = None
                     ) -> Accuracy:
    """Evaluate results in COCO's format, maxDets 100, over `pictures`, or all of the truth."""
    if not results:
        draws = 0 if pictures is None else len(pictures.counts)
        return Accuracy(0.0, 0.0, 0.0, 0.0, 0.0, (0.0,) * len(truth.getCatIds()),
                        np.zeros(draws))
    with contextlib.redirect_stdout(io.StringIO()):
        run = COCOeval(truth, truth.loadRes(results), 'bbox')
        if pictures is not None:
            run.params.imgIds = list(pictures.image_ids)
        run.evaluate()
        run.accumulate()
        run.summarize()
    precision = run.eval['precision'][0, :, :, 0, 2]  # recall steps, classes at IoU 0.5
    class_ap50 = tuple(
        float(column[column > -1].mean()) if (column > -1).any() else float('nan')
        for column in precision.T)
    figures = [float(value) if value >= 0 else float('nan') for value in run.stats]
    return Accuracy(
        figures[1], figures[0], figures[3], figures[4], figures[5],
        tuple(np.round(class_ap50, 5).tolist()),
        np.zeros(0) if pictures is None else sample_ap50(run, pictures.counts))
