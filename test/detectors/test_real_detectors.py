"""
Do two real detectors find what their makers' own reading of their outputs finds?

That reading stands here, in plain numpy: other code than the room's, and every class of an
anchor counts, as in NanoDet and TensorFlow.
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
MEAN, DEVIATION = [103.53, 116.28, 123.675], [57.375, 57.12, 58.395]
# What NanoDet's metadata do not say, as docs/detectors.md describes it.
NOTES = {
    'nanodet_g_416': f'resize: stretch\nchannels: bgr\nscale: 1.0\nmean: {MEAN}\n'
                     f'deviation: {DEVIATION}\n',
    'ssd_mobilenet_v2_300': None}


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
    anchors, classes = np.where(scores > THRESHOLD)
    boxes = np.clip(boxes[anchors], 0, 1) * [width, height, width, height]
    scores = scores[anchors, classes]
    return [([*boxes[place, :2], *(boxes[place, 2:] - boxes[place, :2])], float(scores[place]),
             int(classes[place])) for place in _suppress(boxes, scores, classes)]


def _ap50(truth: Any, results: list[dict]) -> float:
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        run = COCOeval(truth, truth.loadRes(results), 'bbox')
        run.evaluate()
        run.accumulate()
        run.summarize()
    return float(run.stats[1])


@pytest.mark.parametrize('name', READINGS)
def test_a_real_detector_agrees_with_its_makers_reading(
    name: str, slim_split_data: Path, tmp_path: Path
) -> None:
    from pycocotools.coco import COCO

    detectors, photos = slim_split_data / 'detectors', slim_split_data / 'photos'
    if not (detectors.is_dir() and photos.is_dir()):
        pytest.skip(f'no detectors or no photographs in {slim_split_data}')
    shutil.copy(detectors / f'{name}.onnx', tmp_path)
    shutil.copy(detectors / 'labels_coco80.txt', tmp_path / f'{name}.txt')
    if NOTES[name]:
        (tmp_path / f'{name}.yaml').write_text(NOTES[name])
    detector = load_detector(tmp_path / f'{name}.onnx')
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    session = ort.InferenceSession(str(tmp_path / f'{name}.onnx'), options)
    truth = COCO()
    truth.dataset = {'info': {}, **json.loads((photos / 'boxes.json').read_text())}
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
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

    assert _ap50(truth, reference) > 0.35  # or there would be nothing to agree about
    assert _ap50(truth, ours) == pytest.approx(_ap50(truth, reference), abs=0.01)
