"""Is a detector that is read wrong refused with what would read it right?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from onnx import TensorProto
import pytest

from slim_split_ros.detectors import DetectorFileError, load_detector
from slim_split_ros.detectors.description import BoxUnits, Convention
from slim_split_ros.detectors.errors import OutputsError
from slim_split_ros.detectors.plausibility import check_units
from support.detector_graphs import PICTURE, constant_graph, save

SIDE = 640
CELLS = 80 * 80 + 40 * 40 + 20 * 20
RTDETR = 'convention: yolo\nresize: stretch\nbox_units: fraction\n'


def _detector(
    folder: Path, outputs: Mapping[str, np.ndarray], notes: str = '',
    metadata: Mapping[str, str] | None = None,
) -> Path:
    file = save(constant_graph(outputs, TensorProto.FLOAT, (1, 3, SIDE, SIDE)), folder, metadata)
    if notes:
        file.with_suffix('.yaml').write_text(notes)
    return file


def _decoded(score: float) -> dict[str, np.ndarray]:
    """Give rows of pixels as many as YOLOX's cells, one of them a thing."""
    rows = np.zeros((1, CELLS, 85), np.float32)
    rows[0, :, :4] = 320, 320, 40, 40
    rows[0, :, 4], rows[0, 7, 5 + 2] = 1.0, score
    rows[0, 7, :4] = 320, 240, 64, 80
    return {'outputs': rows}


@pytest.mark.parametrize('score', [0.9, 0.0])
def test_decoded_rows_are_no_logarithms_whatever_the_picture_shows(
    score: float, tmp_path: Path
) -> None:
    with pytest.raises(DetectorFileError, match=(
            'sizes of boxes up to 80 .*YOLOv6, `convention: yolov5` alone; for YOLOX .*'
            '`resize: letterbox_top_left`, `channels: bgr`, `scale: 1.0`.* Outputs: outputs 1x')):
        load_detector(_detector(tmp_path, _decoded(score)))


def test_decoded_rows_are_read_as_the_refusal_says(tmp_path: Path) -> None:
    file = _detector(tmp_path, _decoded(0.9), 'convention: yolov5\n')
    found = load_detector(file).detect(PICTURE)
    assert found.boxes.tolist() == [[288.0, 120.0, 64.0, 80.0]]

    file.with_suffix('.yaml').write_text(
        'convention: yolov5\nresize: letterbox_top_left\nchannels: bgr\nscale: 1.0\n')
    found = load_detector(file).detect(PICTURE)
    assert found.boxes.tolist() == [[288.0, 200.0, 64.0, 80.0]]


def _softmax(columns: int) -> dict[str, np.ndarray]:
    """Give 100 queries, sure of no object in the last column, and one of column 3."""
    boxes, logits = np.full((1, 100, 4), 0.5), np.full((1, 100, columns), -4.0)
    logits[0, :, -1] = 8.0
    boxes[0, 7], logits[0, 7, 3], logits[0, 7, -1] = (0.5, 0.5, 0.1, 0.2), 3.0, 1.0
    return {'logits': logits, 'pred_boxes': boxes}


THING = [288.0, 192.0, 64.0, 96.0]


def test_logits_of_92_columns_are_a_softmax_over_cocos_numbers(tmp_path: Path) -> None:
    detector = load_detector(_detector(tmp_path, _softmax(92)))
    found = detector.detect(PICTURE)

    assert detector.description.convention is Convention.QUERIES_SOFTMAX
    assert [detector.classes[label] for label in found.labels] == ['car']
    np.testing.assert_allclose(found.boxes, [THING], atol=0.1)
    chance = np.exp(3.0) / (np.exp(3.0) + np.exp(1.0) + 90 * np.exp(-4.0))
    np.testing.assert_allclose(found.scores, [chance], atol=1e-5)


@pytest.mark.parametrize('names', ['a\nb\nc\nd\n', 'a\nb\nc\nd\n\n'])
def test_column_that_most_queries_are_sure_of_is_no_object(names: str, tmp_path: Path) -> None:
    file = _detector(tmp_path, _softmax(5))
    file.with_suffix('.txt').write_text('a\nb\nc\nd\n\n')
    with pytest.raises(DetectorFileError, match=(
            r'most of its queries \(100%\) are sure of column 4.*`convention: queries_softmax`')):
        load_detector(file)

    file.with_suffix('.txt').write_text(names)
    file.with_suffix('.yaml').write_text('convention: queries_softmax\n')
    detector = load_detector(file)
    found = detector.detect(PICTURE)
    assert [detector.classes[label] for label in found.labels] == ['d']
    np.testing.assert_allclose(found.boxes, [THING], atol=0.1)


def _two_classes(scores: tuple[float, float]) -> dict[str, np.ndarray]:
    """Give an RT-DETR of Ultralytics: 300 rows of fractions and two scores."""
    rows = np.full((1, 300, 6), 0.01)
    rows[0, 7] = (0.5, 0.5, 0.1, 0.2, *scores)
    return {'output0': rows}


@pytest.mark.parametrize('scores', [(0.9, 0.02), (0.02, 0.9)])
def test_scores_of_two_classes_are_no_score_and_class(
    scores: tuple[float, float], tmp_path: Path
) -> None:
    file = _detector(tmp_path, _two_classes(scores), metadata={'names': "['cup', 'fork']"})
    with pytest.raises(DetectorFileError, match=(
            'gives class 0.*`convention: yolo`, `resize: stretch` and `box_units: fraction`')):
        load_detector(file)

    file.with_suffix('.yaml').write_text(RTDETR)
    detector = load_detector(file)
    found = detector.detect(PICTURE)
    assert found.labels.tolist() == [int(np.argmax(scores))]
    np.testing.assert_allclose(found.boxes, [THING], atol=0.1)


def test_class_before_the_score_is_refused(tmp_path: Path) -> None:
    rows = np.zeros((1, 300, 6))
    rows[0, 0] = 100, 100, 200, 200, 1, 0.9

    with pytest.raises(DetectorFileError, match='class 0.9.* no YAML describes it'):
        load_detector(_detector(tmp_path, {'output0': rows}))


def _anchors(box: tuple[float, ...]) -> dict[str, np.ndarray]:
    boxes, scores = np.zeros((1, 2000, 4)), np.zeros((1, 2000, 80))
    boxes[0, 7], scores[0, 7, 2] = box, 0.9
    return {'boxes': boxes, 'scores': scores}


@pytest.mark.parametrize(('outputs', 'units', 'other'), [
    (_anchors((64, 128, 192, 256)), '', 'input'),
    (_anchors((0.1, 0.2, 0.3, 0.4)), 'input', 'fraction'),
])
def test_boxes_in_other_units_are_refused_with_those(
    outputs: dict[str, np.ndarray], units: str, other: str, tmp_path: Path
) -> None:
    file = _detector(tmp_path, outputs, f'box_units: {units}\n' if units else '')
    with pytest.raises(DetectorFileError, match=f'write `box_units: {other}`'):
        load_detector(file)

    file.with_suffix('.yaml').write_text(f'box_units: {other}\n')
    np.testing.assert_allclose(
        load_detector(file).detect(PICTURE).boxes, [[64.0, 96.0, 128.0, 96.0]], atol=0.1)


def test_one_wild_box_says_nothing_of_the_units() -> None:
    ordinary = [0.1, 0.2, 1.1, 0.4]

    check_units(np.array([ordinary, [0.1, 0.1, 50.0, 0.2], ordinary]), BoxUnits.FRACTION)
    check_units(np.array([[0.0, 0.0, 1.0, 1.0], [5.0, 5.0, 30.0, 9.0]]), BoxUnits.INPUT)
    check_units(np.zeros((0, 4)), BoxUnits.INPUT)
    with pytest.raises(OutputsError, match='within 1 pixels'):
        check_units(np.array([[0.0, 0.0, 1.0, 1.0]]), BoxUnits.PICTURE)


def test_boxes_and_scores_of_other_numbers_are_refused(tmp_path: Path) -> None:
    outputs = {'boxes': np.zeros((1, 2000, 4)), 'scores': np.zeros((1, 80, 2000))}

    with pytest.raises(DetectorFileError, match=(
            'boxes has 2000 rows and scores 80.*Outputs: boxes 1x2000x4')):
        load_detector(_detector(tmp_path, outputs, f'names: {["x"] * 2000}\n'))
