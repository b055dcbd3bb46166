"""Are a detector's outputs told apart whatever their names, sizes and tasks are?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
import pytest

from slim_split_ros.detectors import DetectorFileError, DetectorRunError, load_detector
from slim_split_ros.detectors.description import Convention
from slim_split_ros.detectors.recognise import recognise
from slim_split_ros.detectors.signature import Port, Signature
from support.detector_graphs import PICTURE, constant_graph, save

SIDE = 640
ANCHORS = 8400
# Of a picture of 640x480 in the middle of the input, and in pixels of the picture.
ROW, BOX = (320, 240, 64, 80), [288.0, 120.0, 64.0, 80.0]
STRETCHED_BOX = [64.0, 48.0, 128.0, 96.0]


def _detector(
    folder: Path, outputs: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None,
    side: int = SIDE,
) -> Path:
    return save(constant_graph(outputs, TensorProto.FLOAT, (1, 3, side, side)), folder, metadata)


def _yolo(columns: int, values: Mapping[int, float], anchors: int = ANCHORS) -> np.ndarray:
    """Give one thing, with values by column."""
    rows = np.zeros((columns, anchors), np.float32)
    rows[:4, 7] = ROW
    for column, value in values.items():
        rows[column, 7] = value
    return rows[None]


@pytest.mark.parametrize(('task', 'columns', 'more'), [
    ('pose', 56, {}), ('segment', 37, {}),
    ('segment', 37, {'output1': np.zeros((1, 32, 160, 160), np.float32)})])
def test_what_stands_behind_the_scores_is_no_class(
    task: str, columns: int, more: dict[str, np.ndarray], tmp_path: Path
) -> None:
    rows = _yolo(columns, {4: 0.9, 5: 310.0, columns - 1: 0.95})
    file = _detector(tmp_path, {'output0': rows, **more}, {'task': task, 'names': "{0: 'cup'}"})

    detector = load_detector(file)
    found = detector.detect(PICTURE)

    assert detector.classes == ('cup',)
    assert np.allclose(found.boxes, [BOX])
    assert found.scores.tolist() == pytest.approx([0.9])


@pytest.mark.parametrize('metadata', [{}, {'names': str([f'thing {n}' for n in range(80)])}])
@pytest.mark.parametrize('convention', [Convention.YOLO, Convention.YOLOV5])
def test_coefficients_of_masks_are_told_by_the_masks(
    convention: Convention, metadata: dict[str, str], tmp_path: Path
) -> None:
    rows = _yolo(116, {6: 0.9, 115: 0.95})
    if convention is Convention.YOLOV5:
        rows = np.insert(_yolo(116, {6: 0.9, 115: 0.95}, 3 * ANCHORS), 4, 1.0, axis=1)
        rows = rows.transpose(0, 2, 1)
    masks = np.zeros((1, 32, 160, 160), np.float32)

    detector = load_detector(_detector(tmp_path, {'output0': rows, 'output1': masks}, metadata))
    found = detector.detect(PICTURE)

    assert detector.description.convention is convention
    assert (len(detector.classes), found.labels.tolist()) == (80, [2])
    assert np.allclose(found.boxes, [BOX])


def test_grids_that_training_looks_at_are_passed_over(tmp_path: Path) -> None:
    rows = np.zeros((1, 3 * ANCHORS, 85))
    rows[0, 7, :5], rows[0, 7, 84] = (*ROW, 1.0), 0.9
    grids = {f'output{number}': np.zeros((1, 3, side, side, 85))
             for number, side in ((1, 80), (2, 40), (3, 20))}

    found = load_detector(_detector(tmp_path, {'output0': rows, **grids})).detect(PICTURE)

    assert found.labels.tolist() == [79]


def test_key_points_behind_selected_boxes_are_passed_over(tmp_path: Path) -> None:
    rows = np.zeros((1, 300, 57), np.float32)
    rows[0, 0, :8] = [288, 200, 352, 280, 0.9, 0, 300, 200]
    file = _detector(tmp_path, {'output0': rows}, {'task': 'pose', 'names': "['cup']"})

    detector = load_detector(file)

    assert detector.description.convention is Convention.END_TO_END
    assert np.allclose(detector.detect(PICTURE).boxes, [BOX])


@pytest.mark.parametrize(('metadata', 'problem'), [
    ({'task': 'pose'}, 'of task pose, and only the names .* list them as `names` in detector'),
    ({'task': 'obb', 'names': "['ship']"}, 'task obb.* export a detector of task detect')])
def test_task_that_cannot_be_read_is_refused_with_the_way_out(
    metadata: dict[str, str], problem: str, tmp_path: Path
) -> None:
    with pytest.raises(DetectorFileError, match=problem):
        load_detector(_detector(tmp_path, {'output0': _yolo(56, {})}, metadata))


@pytest.mark.parametrize('turned', [False, True])
def test_more_classes_than_anchors_are_told_by_their_names(turned: bool, tmp_path: Path) -> None:
    names = str([f'thing {number}' for number in range(1203)])
    rows = np.zeros((1207, 525), np.float32)
    rows[:4, 7], rows[4 + 700, 7] = (80, 60, 16, 20), 0.9
    file = _detector(
        tmp_path, {'output0': (rows.T if turned else rows)[None]}, {'names': names}, side=160)

    detector = load_detector(file)
    found = detector.detect(PICTURE)

    assert [detector.classes[label] for label in found.labels] == ['thing 700']
    assert np.allclose(found.boxes, [BOX])


@pytest.mark.parametrize('names', [
    ('det_scores', 'det_boxes'), ('Boxes', 'Scores'), ('Scores', 'Boxes'),
    ('boxes', 'box_scores'), ('dets', 'class_scores')])
@pytest.mark.parametrize('classes', [4, 90])
def test_boxes_are_told_from_scores(
    names: tuple[str, str], classes: int, tmp_path: Path
) -> None:
    boxes, scores = np.zeros((1, 1917, 4)), np.zeros((1, 1917, classes))
    boxes[0, 3], scores[0, 3, 2] = (0.1, 0.1, 0.3, 0.3), 0.95
    outputs = {name: scores if 'score' in name.lower() else boxes for name in names}

    metadata = {'names': str([f'thing {number}' for number in range(classes)])}
    found = load_detector(_detector(tmp_path, outputs, metadata)).detect(PICTURE)

    assert np.allclose(found.boxes, [STRETCHED_BOX], atol=0.1)
    assert found.labels.tolist() == [2]


@pytest.mark.parametrize('names', [
    ('Boxes', 'Scores', 'Labels'), ('box_labels', 'box_scores', 'boxes'),
    ('multiclass_nms/boxes', 'multiclass_nms/scores', 'multiclass_nms/labels'),
    ('det_classes', 'det_boxes', 'det_scores')])
def test_three_outputs_are_told_by_name(names: tuple[str, ...], tmp_path: Path) -> None:
    outputs = {}
    for name in names:
        lowered = name.lower().rsplit('/')[-1]
        if 'score' in lowered:
            outputs[name] = np.float32([[0.9, 0.0]])
        elif 'label' in lowered or 'class' in lowered:
            outputs[name] = np.float32([[2, 0]])
        else:
            outputs[name] = np.float32([[[64, 64, 192, 192], [0, 0, 0, 0]]])

    found = load_detector(_detector(tmp_path, outputs)).detect(PICTURE)

    assert np.allclose(found.boxes, [[64.0, 48.0, 128.0, 96.0]])
    assert found.labels.tolist() == [2]


@pytest.mark.parametrize(('names', 'convention'), [
    (('boxes', 'classes'), Convention.BOXES_SCORES), (('boxes', 'logits'), Convention.QUERIES),
    (('dets', 'labels'), Convention.QUERIES)])
def test_logits_of_few_rows_are_those_of_queries(
    names: tuple[str, str], convention: Convention, tmp_path: Path
) -> None:
    outputs = {names[0]: np.zeros((1, 300, 4)), names[1]: np.zeros((1, 300, 91))}

    assert load_detector(_detector(tmp_path, outputs)).description.convention is convention


def test_rows_of_a_small_yolox_are_no_selected_boxes(tmp_path: Path) -> None:
    cells = 24 * 24 + 12 * 12 + 6 * 6

    described = load_detector(
        _detector(tmp_path, {'output': np.zeros((1, cells, 6))}, side=192)).description

    assert described.convention is Convention.YOLOX


@pytest.mark.parametrize('kind', [TensorProto.INT64, TensorProto.INT32, TensorProto.FLOAT])
def test_size_of_the_picture_goes_in_as_the_graph_takes_it(kind: int, tmp_path: Path) -> None:
    model = constant_graph(
        {'labels': np.zeros((1, 1)), 'scores': np.full((1, 1), 0.9)}, TensorProto.FLOAT,
        (1, 3, SIDE, SIDE))
    graph = model.graph
    graph.input.append(helper.make_tensor_value_info('orig_target_sizes', kind, (1, 2)))
    graph.initializer.extend([
        onnx.numpy_helper.from_array(np.float32([[0.0, 0.0, 1.0, 1.0]]), 'corner'),
        onnx.numpy_helper.from_array(np.int64([1]), 'axis')])
    graph.node.extend([
        helper.make_node('Cast', ['orig_target_sizes'], ['size'], to=TensorProto.FLOAT),
        helper.make_node('Concat', ['size', 'size'], ['sides'], axis=1),
        helper.make_node('Mul', ['sides', 'corner'], ['whole']),
        helper.make_node('Unsqueeze', ['whole', 'axis'], ['boxes'])])
    graph.output.append(helper.make_tensor_value_info('boxes', TensorProto.FLOAT, (1, 1, 4)))

    found = load_detector(save(model, tmp_path)).detect(PICTURE)

    assert found.boxes.tolist() == [[0.0, 0.0, 640.0, 480.0]]


def test_input_whose_axes_are_all_free_is_taken(tmp_path: Path) -> None:
    file = save(constant_graph({'output0': _yolo(84, {6: 0.9})}, TensorProto.FLOAT, (None,) * 4),
                tmp_path)

    assert np.allclose(load_detector(file).detect(PICTURE).boxes, [BOX])


def test_score_that_is_no_probability_is_refused_and_rounding_is_not(tmp_path: Path) -> None:
    file = _detector(tmp_path, {'output0': _yolo(84, {6: 1.0009765625})})
    assert load_detector(file).detect(PICTURE).scores.tolist() == [1.0]

    model = constant_graph({'output0': _yolo(84, {})}, TensorProto.FLOAT, (1, 3, SIDE, SIDE))
    # What it gives follows the brightest pixel: nothing for the grey picture of the trial.
    model.graph.initializer.append(
        onnx.numpy_helper.from_array(_yolo(84, {6: 300.0}), 'bright'))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.float32(0.6), 'limit'))
    del model.graph.node[:]
    model.graph.node.extend([
        helper.make_node('ReduceMax', ['images'], ['most'], keepdims=0),
        helper.make_node('Greater', ['most', 'limit'], ['is_bright']),
        helper.make_node('Where', ['is_bright', 'bright', 'output0_value'], ['output0'])])
    detector = load_detector(save(model, tmp_path))

    with pytest.raises(DetectorRunError, match=(  # on one line, as it goes into a log each time
            'a score of 300, read as convention yolo.* No YAML describes these outputs.*lists$')):
        detector.detect(PICTURE)
    assert len(detector.detect(np.full_like(PICTURE, 128))) == 0


def test_column_without_a_name_is_no_class(tmp_path: Path) -> None:
    rows = _yolo(7, {5: 0.9})
    rows[0, :4, 99], rows[0, 4, 99] = (120, 240, 64, 80), 0.8
    file = _detector(tmp_path, {'output0': rows}, {'names': "['cup', '', '']"})

    detector = load_detector(file)

    assert [detector.classes[label] for label in detector.detect(PICTURE).labels] == ['cup']


def test_blank_line_that_fits_a_column_is_the_background(tmp_path: Path) -> None:
    logits = np.full((1, 300, 4), -9.0)
    logits[0, 0], logits[0, 1] = [-9, -9, -9, 9], [-9, 9, -9, -9]
    boxes = np.full((1, 300, 4), 0.5)
    file = _detector(tmp_path, {'boxes': boxes, 'logits': logits})
    file.with_suffix('.txt').write_text('cup\nfork\nplate\n\n')

    detector = load_detector(file)

    assert [detector.classes[label] for label in detector.detect(PICTURE).labels] == ['fork']


@pytest.mark.parametrize('names', [
    "['', 'cup']", "['BACKGROUND', 'cup']", "['__background__', 'cup']"])
def test_background_that_scores_higher_hides_no_class(names: str, tmp_path: Path) -> None:
    scores, boxes = np.zeros((1, 3000, 2)), np.zeros((1, 3000, 4))
    scores[0, :, 0] = 0.99
    scores[0, 7], boxes[0, 7] = (0.5, 0.45), (0.1, 0.1, 0.3, 0.3)
    file = _detector(tmp_path, {'boxes': boxes, 'scores': scores}, {'names': names})

    detector = load_detector(file)
    found = detector.detect(PICTURE)

    assert detector.description.convention is Convention.BOXES_SCORES
    assert [detector.classes[label] for label in found.labels] == ['cup']
    np.testing.assert_allclose(found.scores, [0.45], atol=1e-6)


def test_names_of_other_columns_are_refused(tmp_path: Path) -> None:
    file = _detector(tmp_path, {'output0': _yolo(5, {4: 0.9})}, {'names': "{1: 'ball'}"})

    with pytest.raises(DetectorFileError, match='gives 1 classes.* its metadata names 2: list 1'):
        load_detector(file)


def test_grey_pictures_of_a_free_size_are_refused(tmp_path: Path) -> None:
    file = save(constant_graph({'output0': _yolo(84, {})}, TensorProto.FLOAT, (1, None, None, 1)),
                tmp_path)

    with pytest.raises(DetectorFileError, match='one picture of three channels'):
        load_detector(file)


def test_name_that_no_message_carries_is_refused(tmp_path: Path) -> None:
    file = _detector(tmp_path, {'output0': _yolo(5, {4: 0.9})}, {'names': r"['a\0b']"})

    with pytest.raises(DetectorFileError, match='in its metadata cannot be read'):
        load_detector(file)


@pytest.mark.parametrize(('scores', 'convention'), [
    ('logits', Convention.QUERIES), ('scores', Convention.BOXES_SCORES)])
def test_queries_whose_number_is_free_are_told_by_their_logits(
    scores: str, convention: Convention, tmp_path: Path
) -> None:
    said = recognise(Signature(
        tmp_path / 'detector.onnx', (Port('pixels', (None, 3, 640, 640), 'tensor(float)'),),
        (Port(scores, (None, None, 80), 'tensor(float)'),
         Port('pred_boxes', (None, None, 4), 'tensor(float)')), {}))

    assert said.convention is convention
