"""
Do two real detectors find what a reading of their outputs in plain numpy finds?

Other code than the room's, as the README of these detectors describes it. Of an anchor the best
class counts. With every class, as NanoDet and TensorFlow read, and more for AP than for people,
AP50 over all 94 photographs is 0.416 (NanoDet) and 0.426 (SSD), beside 0.410 and 0.424 of ours.
"""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import io
import json
from pathlib import Path
import shutil
from typing import Any

import cv2
import numpy as np
import pytest

ort = pytest.importorskip('onnxruntime')
pycocotools = pytest.importorskip('pycocotools', reason='make setup-training')

from slim_split_ros.detectors import load_detector  # noqa: E402

THRESHOLD, NMS_IOU, MOST = 0.03, 0.6, 100
EVERY = 4  # of the photographs with known boxes: 24 of 94, some ten seconds of a core
MEAN, DEVIATION = [103.53, 116.28, 123.675], [57.375, 57.12, 58.395]
# What the detectors' metadata do not say, as docs/detectors.md describes it.
NOTES = {
    'nanodet_g_416': f'resize: stretch\nchannels: bgr\nscale: 1.0\nmean: {MEAN}\n'
                     f'deviation: {DEVIATION}\nnms_iou: {NMS_IOU}\n',
    'ssd_mobilenet_v2_300': f'nms_iou: {NMS_IOU}\n'}


def _nanodet(session: Any, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return corners as shares of the picture, and scores (n, 80)."""
    values = (cv2.resize(picture, (416, 416)).astype(np.float32) - MEAN) / DEVIATION
    rows = session.run(None, {
        'images': values.astype(np.float32).transpose(2, 0, 1)[np.newaxis]})[0][0].T
    centre, half = rows[:, :2] / 416, rows[:, 2:4] / 832
    return np.concatenate([centre - half, centre + half], axis=1), rows[:, 4:]


def _ssd(session: Any, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values = cv2.resize(picture, (300, 300))[..., ::-1].astype(np.float32) / 127.5 - 1
    boxes, scores = session.run(['boxes', 'scores'], {'image': values[np.newaxis]})
    return boxes[0], scores[0]


READINGS: dict[str, Callable] = {'nanodet_g_416': _nanodet, 'ssd_mobilenet_v2_300': _ssd}


def _suppress(boxes: np.ndarray, scores: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the places that greedy suppression within a class leaves, the best first."""
    kept = []
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    for one in np.unique(classes):
        left = np.flatnonzero(classes == one)
        left = left[np.argsort(-scores[left], kind='stable')]
        while len(left):
            best, others = left[0], left[1:]
            kept.append(best)
            low = np.maximum(boxes[best, :2], boxes[others, :2])
            high = np.minimum(boxes[best, 2:], boxes[others, 2:])
            shared = np.clip(high - low, 0, None).prod(axis=1)
            left = others[shared / (areas[best] + areas[others] - shared) <= NMS_IOU]
    places = np.array(kept, int)
    return places[np.argsort(-scores[places], kind='stable')][:MOST]


def _by_the_book(
    name: str, session: Any, picture: np.ndarray
) -> list[tuple[list[float], float, int]]:
    boxes, scores = READINGS[name](session, picture)
    height, width = picture.shape[:2]
    anchors = np.flatnonzero(scores.max(axis=1) > THRESHOLD)
    boxes = np.clip(boxes[anchors], 0, 1) * [width, height, width, height]
    scores, classes = scores[anchors].max(axis=1), scores[anchors].argmax(axis=1)
    return [([*boxes[place, :2], *(boxes[place, 2:] - boxes[place, :2])], float(scores[place]),
             int(classes[place])) for place in _suppress(boxes, scores, classes)]


def _known_boxes(photos: Path) -> Any:
    from pycocotools.coco import COCO

    known = json.loads((photos / 'boxes.json').read_text())
    known['images'] = known['images'][::EVERY]
    chosen = {image['id'] for image in known['images']}
    known['annotations'] = [
        box for box in known['annotations'] if box['image_id'] in chosen]
    truth = COCO()
    truth.dataset = known
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
    return truth


def _ap50(truth: Any, results: list[dict]) -> float:
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        run = COCOeval(truth, truth.loadRes(results), 'bbox')
        run.evaluate()
        run.accumulate()
        run.summarize()
    return float(run.stats[1])


@pytest.mark.parametrize('name', READINGS)
def test_a_real_detector_agrees_with_a_plain_reading_of_its_outputs(
    name: str, slim_split_data: Path, tmp_path: Path
) -> None:
    detectors, photos = slim_split_data / 'detectors', slim_split_data / 'photos'
    if not (detectors.is_dir() and photos.is_dir()):
        pytest.skip(f'no detectors or no photographs in {slim_split_data}')
    shutil.copy(detectors / f'{name}.onnx', tmp_path)
    shutil.copy(detectors / 'labels_coco80.txt', tmp_path / f'{name}.txt')
    (tmp_path / f'{name}.yaml').write_text(NOTES[name])
    detector = load_detector(tmp_path / f'{name}.onnx', threads=1)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(tmp_path / f'{name}.onnx'), options)
    truth = _known_boxes(photos)
    ids = {category['name']: category['id'] for category in truth.dataset['categories']}

    ours, reference = [], []
    for image in truth.dataset['images']:
        picture = cv2.imread(str(photos / 'train' / image['file_name']))
        found = detector.detect(picture, THRESHOLD, MOST)
        rows = zip(found.boxes.tolist(), found.scores.tolist(), found.labels.tolist(), strict=True)
        for results, boxes in ((ours, rows), (reference, _by_the_book(name, session, picture))):
            results += [
                {'image_id': image['id'], 'category_id': ids[detector.classes[label]],
                 'bbox': box, 'score': score}
                for box, score, label in boxes if detector.classes[label] in ids]

    assert _ap50(truth, reference) > 0.3  # or there would be nothing to agree about
    assert _ap50(truth, ours) == pytest.approx(_ap50(truth, reference), abs=0.01)
