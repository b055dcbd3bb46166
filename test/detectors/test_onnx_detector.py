"""Does a detector of each convention find what it sees, where it sees it?"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
import pytest

from slim_split_ros.detectors import DetectorFileError, Dropped, load_detector
from slim_split_ros.detectors.description import Convention, Resize
from support.detector_graphs import PICTURE, constant_graph, save

# The same two things in fractions of the input: corners, score, class.
THINGS = ((0.10, 0.20, 0.40, 0.80, 0.90, 0), (0.55, 0.30, 0.90, 0.60, 0.75, 2))
STRETCHED = [[64, 96, 192, 288], [352, 144, 224, 144]]
CENTRED = [[64, 48, 192, 384], [352, 112, 224, 192]]
TOP_LEFT = [[64, 128, 192, 352], [352, 192, 224, 192]]
SIDE = 640
CELLS = 80 * 80 + 40 * 40 + 20 * 20
NAMES = {'names': str({number: f'thing {number}' for number in range(80)})}


def _centres(side: float) -> np.ndarray:
    corners = np.array([thing[:4] for thing in THINGS], np.float32) * side
    centres = (corners[:, :2] + corners[:, 2:]) / 2
    return np.concatenate([centres, corners[:, 2:] - corners[:, :2]], axis=1)


def _raw_rows(rows: int, columns: int, first_class: int) -> np.ndarray:
    """Give rows of centres and sizes; each thing a second time, fainter, two pixels off."""
    output = np.zeros((rows, columns), np.float32)
    for index, thing in enumerate(THINGS):
        for double in (0, 1):
            row = output[2 * index + double]
            row[:4] = _centres(SIDE)[index] + [2.0 * double, 0.0, 0.0, 0.0]
            row[first_class + thing[5]] = thing[4] - 0.05 * double
    return output


def _yolov5_rows() -> np.ndarray:
    rows = _raw_rows(3 * CELLS, 85, 5)
    rows[:4, 4] = 1.0
    rows[9, :4], rows[9, 4], rows[9, 5] = (100, 100, 50, 50), 0.01, 0.99  # sure of no object
    return rows


def _yolox_rows() -> np.ndarray:
    rows = np.zeros((CELLS, 85), np.float32)
    for index, thing in enumerate(THINGS):
        column, line, stride = 10 + index, 3, 8
        centre_x, centre_y, width, height = _centres(SIDE)[index]
        rows[line * 80 + column] = 0
        rows[line * 80 + column, :4] = (
            centre_x / stride - column, centre_y / stride - line,
            np.log(width / stride), np.log(height / stride))
        rows[line * 80 + column, 4] = 1.0
        rows[line * 80 + column, 5 + thing[5]] = thing[4]
    return rows


def _end_to_end_rows() -> np.ndarray:
    rows = np.zeros((300, 6), np.float32)
    rows[:2] = [[*np.array(thing[:4]) * SIDE, *thing[4:]] for thing in THINGS]
    return rows


def _queries() -> dict[str, np.ndarray]:
    boxes, logits = np.zeros((300, 4), np.float32), np.full((300, 91), -9.0, np.float32)
    boxes[:2] = _centres(1.0)
    for index, (thing, column) in enumerate(zip(THINGS, (1, 3), strict=True)):
        logits[index, column] = np.log(thing[4] / (1 - thing[4]))
    logits[5, 0] = 9.0  # the background slot
    return {'dets': boxes[None], 'labels': logits[None]}


def _anchors() -> dict[str, np.ndarray]:
    boxes, scores = np.zeros((1917, 4), np.float32), np.zeros((1917, 80), np.float32)
    for index, thing in enumerate(THINGS):
        boxes[7 * index:7 * index + 2] = thing[:4]
        scores[7 * index:7 * index + 2, thing[5]] = [thing[4], thing[4] - 0.05]
    return {'boxes': boxes[None], 'scores': scores[None]}


CASES = {
    'yolo': ({'output0': _raw_rows(CELLS, 84, 4).T[None]}, NAMES, Convention.YOLO, CENTRED),
    'yolo, turned': ({'output0': _raw_rows(CELLS, 84, 4)[None]}, NAMES, Convention.YOLO, CENTRED),
    'yolov5': ({'output0': _yolov5_rows()[None]}, NAMES, Convention.YOLOV5, CENTRED),
    'end to end': ({'output0': _end_to_end_rows()[None]}, NAMES, Convention.END_TO_END, CENTRED),
    'yolox': ({'output': _yolox_rows()[None]}, {}, Convention.YOLOX, TOP_LEFT),
    'queries': (_queries(), {}, Convention.QUERIES, STRETCHED),
    'anchors': (_anchors(), {}, Convention.BOXES_SCORES, STRETCHED),
}


@pytest.mark.parametrize('name', CASES)
@pytest.mark.parametrize('kind', [TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8])
def test_convention_is_recognised_and_boxes_are_where_they_are(
    name: str, kind: int, tmp_path: Path
) -> None:
    outputs, metadata, convention, expected = CASES[name]
    file = save(constant_graph(outputs, kind, (1, 3, SIDE, SIDE)), tmp_path, metadata)

    detector = load_detector(file)
    found = detector.detect(PICTURE)

    assert detector.description.convention is convention
    assert np.allclose(found.boxes, expected, atol=0.6 if kind == TensorProto.FLOAT16 else 0.1)
    assert np.allclose(found.scores, [0.9, 0.75], atol=1e-3)
    assert found.labels.tolist() in ([0, 2], [1, 3])


def test_channels_last_is_recognised(tmp_path: Path) -> None:
    file = save(constant_graph(_anchors(), TensorProto.FLOAT, (1, 300, 300, 3)), tmp_path)

    assert np.allclose(load_detector(file).detect(PICTURE).boxes, STRETCHED, atol=0.1)


def test_second_input_gets_width_and_height_of_the_picture(tmp_path: Path) -> None:
    file = save(_scaled_by_sizes(), tmp_path)

    found = load_detector(file).detect(PICTURE)

    assert np.allclose(found.boxes, STRETCHED, atol=0.1)


def test_other_number_of_names_than_classes_is_said_and_does_no_harm(tmp_path: Path) -> None:
    few = {'names': "['person', 'bicycle']"}
    file = save(constant_graph(
        CASES['yolov5'][0], TensorProto.FLOAT, (1, 3, SIDE, SIDE)), tmp_path, few)

    detector = load_detector(file)

    assert 'names 2 of 80' in detector.description.sentence()
    assert [detector.classes[label] for label in detector.detect(PICTURE).labels] == [
        'person', 'class_2']


def test_yaml_beside_the_file_overrules(tmp_path: Path) -> None:
    file = save(constant_graph(
        CASES['yolo'][0], TensorProto.FLOAT, (1, 3, SIDE, SIDE)), tmp_path, NAMES)
    file.with_suffix('.yaml').write_text(
        'resize: stretch\nchannels: bgr\nscale: 1\nmean: [103.53, 116.28, 123.675]\n'
        'deviation: [57.375, 57.12, 58.395]\n')

    detector = load_detector(file)

    assert detector.description.resize is Resize.STRETCH
    assert detector.description.mean == (103.53, 116.28, 123.675)
    assert np.allclose(detector.detect(PICTURE).boxes, STRETCHED, atol=0.1)


@pytest.mark.parametrize(('outputs', 'shape', 'problem'), [
    ({'logits': np.zeros((1, 1000), np.float32)}, (1, 3, 224, 224), 'no convention .* logits'),
    (CASES['yolo'][0], (1, 1, SIDE, SIDE), 'one picture of three channels'),
    (CASES['yolo'][0], (8, 3, SIDE, SIDE), 'batch 1'),
])
def test_graph_that_fits_nothing_is_refused_with_what_would_describe_it(
    outputs: dict, shape: tuple[int, ...], problem: str, tmp_path: Path
) -> None:
    file = save(constant_graph(outputs, TensorProto.FLOAT, shape), tmp_path)

    with pytest.raises(DetectorFileError, match=problem):
        load_detector(file)


@pytest.mark.parametrize('shape', [(), (None,)])
def test_second_input_that_is_no_size_is_refused(
    shape: tuple[int | None, ...], tmp_path: Path
) -> None:
    model = constant_graph(CASES['yolo'][0], TensorProto.FLOAT, (1, 3, SIDE, SIDE))
    model.graph.input.append(helper.make_tensor_value_info('iou', TensorProto.FLOAT, shape))

    with pytest.raises(DetectorFileError, match='one picture of three channels'):
        load_detector(save(model, tmp_path))


def test_output_that_is_no_tensor_of_numbers_is_refused(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node('SequenceConstruct', ['images'], ['output0'])], 'detector',
        [helper.make_tensor_value_info('images', TensorProto.FLOAT, (1, 3, SIDE, SIDE))],
        [helper.make_tensor_sequence_value_info('output0', TensorProto.FLOAT, None)])
    file = save(helper.make_model(
        graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=9), tmp_path)
    file.with_suffix('.yaml').write_text('convention: yolo')

    with pytest.raises(DetectorFileError, match='tensors of numbers'):
        load_detector(file)


def test_huge_input_and_huge_number_of_classes_are_refused_before_memory_is_taken(
    tmp_path: Path
) -> None:
    wide = save(constant_graph(
        CASES['yolo'][0], TensorProto.FLOAT, (1, 3, 100_000, 100_000)), tmp_path)
    with pytest.raises(DetectorFileError, match='100000x100000 pixels, both must be at most 4096'):
        load_detector(wide)

    many = {'output0': np.zeros((1, 10_005, 10_006), np.uint8)}
    many = save(constant_graph(many, TensorProto.FLOAT16, (1, 3, SIDE, SIDE)), tmp_path)
    with pytest.raises(DetectorFileError, match='gives 10001 classes'):
        load_detector(many)


@pytest.mark.parametrize('value', [np.nan, np.inf, 3e38])
@pytest.mark.parametrize('name', CASES)
def test_outputs_beyond_all_measure_give_no_warning(
    name: str, value: float, tmp_path: Path
) -> None:
    outputs = {port: np.full_like(values, value) for port, values in CASES[name][0].items()}
    file = save(constant_graph(outputs, TensorProto.FLOAT, (1, 3, SIDE, SIDE)), tmp_path)

    found = load_detector(file).detect(PICTURE)

    assert np.isfinite(found.boxes).all()
    assert np.isfinite(found.scores).all()


def test_what_is_no_graph_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'a.onnx').write_bytes(b'no graph')

    with pytest.raises(DetectorFileError, match=r'a\.onnx'):
        load_detector(tmp_path / 'a.onnx')
    with pytest.raises(DetectorFileError, match=r'b\.onnx is no file'):
        load_detector(tmp_path / 'b.onnx')
    with pytest.raises(DetectorFileError, match='is no file'):
        load_detector(tmp_path / ('b' * 5_000))
    with pytest.raises(DetectorFileError, match='is a folder: give the ONNX file'):
        load_detector(tmp_path)


def test_path_that_the_runtime_does_not_take_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b'a\xff')
    folder.mkdir()
    rows = np.float32([[[0, 0, 32, 32, 0.9, 1]]])
    file = folder / 'detector.onnx'
    file.write_bytes(
        constant_graph({'output0': rows}, 1, (1, 3, 64, 64)).SerializeToString())

    with pytest.raises(DetectorFileError, match='is not written in UTF-8: rename the file'):
        load_detector(file)


def test_boxes_that_are_none_are_dropped_and_others_clipped(tmp_path: Path) -> None:
    rows = np.zeros((300, 6), np.float32)
    rows[0] = [np.nan, 0, 10, 10, 0.9, 0]
    rows[1] = [0, 0, np.inf, 10, 0.9, 0]
    rows[2] = [10, 200, 30, 240, np.nan, 0]
    rows[3] = [10, 200, 30, 240, 0.9, -1]   # no class
    rows[7] = [10, 200, 30, 240, 0.9, 1e30]
    rows[8] = [10, 200, 30, 240, 0.1, 80]   # unsure
    rows[4] = [30, 200, 10, 240, 0.9, 0]    # turned inside out
    rows[5] = [700, 700, 900, 900, 0.9, 0]  # outside
    rows[6] = [-50, 150, 100, 300, 0.8, 1]
    file = save(constant_graph(
        {'output0': rows[None]}, TensorProto.FLOAT, (1, 3, SIDE, SIDE)), tmp_path, NAMES)

    found = load_detector(file).detect(PICTURE)

    assert found.boxes.tolist() == [[0.0, 70.0, 100.0, 150.0]]
    assert found.labels.tolist() == [1]
    assert found.dropped == Dropped(not_finite=3, outside=2, of_no_class=2)
    assert found.above(0.9).dropped.sentence() == (
        'dropped: 3 not finite, 2 outside the picture or empty, 2 of no class')


@pytest.mark.parametrize(('metadata', 'source'), [({}, 'COCO'), (NAMES, 'its metadata')])
def test_class_beyond_the_names_is_refused_with_how_to_name_it(
    metadata: dict[str, str], source: str, tmp_path: Path
) -> None:
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, :2] = [[10, 200, 30, 240, 0.9, 0], [10, 200, 30, 240, 0.9, 119]]
    model = constant_graph({'output0': rows}, TensorProto.FLOAT, (1, 3, SIDE, SIDE))
    file = save(model, tmp_path, metadata)

    with pytest.raises(DetectorFileError, match=(
            rf'finds class 119, .* has 80 names \(from {source}.*`names` in detector\.yaml')):
        load_detector(file)

    file.with_suffix('.yaml').write_text(f'names: {[f"thing {n}" for n in range(120)]}')
    detector = load_detector(file)
    found = detector.detect(PICTURE)
    assert [detector.classes[label] for label in found.labels] == ['thing 0', 'thing 119']


def test_ten_thousand_boxes_end_as_the_best_hundred(tmp_path: Path) -> None:
    rows = np.full((3 * CELLS, 85), 0.99, np.float32)
    rows[:, :4] = np.random.default_rng(0).uniform(20, 600, (3 * CELLS, 4))
    file = save(constant_graph(
        {'output0': rows[None]}, TensorProto.FLOAT, (1, 3, SIDE, SIDE)), tmp_path, NAMES)

    found = load_detector(file).detect(PICTURE)

    assert len(found) <= 100
    in_the_grey = found.dropped.outside  # above and below the picture
    assert 0 < in_the_grey < 1000
    assert found.dropped == Dropped(
        outside=in_the_grey, beyond_most=3 * CELLS - in_the_grey - 3000)


def _scaled_by_sizes() -> onnx.ModelProto:
    """Make a graph with three outputs, whose boxes follow from its second input."""
    boxes = np.array([[thing[:4] for thing in THINGS]], np.float32)
    constants = [
        onnx.numpy_helper.from_array(boxes, 'fractions'),
        onnx.numpy_helper.from_array(np.array([[thing[4] for thing in THINGS]], np.float32), 's'),
        onnx.numpy_helper.from_array(np.array([[thing[5] for thing in THINGS]], np.int64), 'l')]
    nodes = [
        helper.make_node('Cast', ['orig_target_sizes'], ['sizes'], to=TensorProto.FLOAT),
        helper.make_node('Concat', ['sizes', 'sizes'], ['limits'], axis=1),
        helper.make_node('Mul', ['fractions', 'limits'], ['boxes']),
        helper.make_node('Identity', ['s'], ['scores']),
        helper.make_node('Identity', ['l'], ['labels'])]
    inputs = [
        helper.make_tensor_value_info('images', TensorProto.FLOAT, (1, 3, SIDE, SIDE)),
        helper.make_tensor_value_info('orig_target_sizes', TensorProto.INT64, (1, 2))]
    outputs = [
        helper.make_tensor_value_info('labels', TensorProto.INT64, (1, 2)),
        helper.make_tensor_value_info('boxes', TensorProto.FLOAT, (1, 2, 4)),
        helper.make_tensor_value_info('scores', TensorProto.FLOAT, (1, 2))]
    return helper.make_model(
        helper.make_graph(nodes, 'sizes', inputs, outputs, constants),
        opset_imports=[helper.make_opsetid('', 17)], ir_version=9)
