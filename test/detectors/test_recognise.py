"""Is the convention of an export known where its shapes alone would tell another?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
import pytest

from slim_split_ros.detectors import DetectorFileError, load_detector
from slim_split_ros.detectors.description import BoxUnits, Convention, Description, Resize
from slim_split_ros.detectors.overrides import to_yaml
from slim_split_ros.detectors.recognise import recognise
from slim_split_ros.detectors.signature import Port, Shape, Signature
from support.detector_graphs import PICTURE, constant_graph, save

FLOAT = 'tensor(float)'
EIGHTY = str([f'thing {number}' for number in range(80)])
NAMED = {'names': EIGHTY}
NMS = {'args': "{'batch': 1, 'nms': True}"}
END2END = {'end2end': 'True'}
ONE = {'names': "['cup']"}


def _recognised(
    folder: Path, outputs: Mapping[str, Shape], metadata: Mapping[str, str], notes: str = '',
    pixels: str = 'images',
) -> Description:
    file = folder / 'detector.onnx'
    if notes:
        file.with_suffix('.yaml').write_text(notes)
    ports = tuple(Port(name, shape, FLOAT) for name, shape in outputs.items())
    return recognise(Signature(
        file, (Port(pixels, (1, 3, 640, 640), FLOAT),), ports, metadata))


@pytest.mark.parametrize(('shape', 'metadata', 'convention'), [
    ((None, 84, None), NAMED, Convention.YOLO),
    ((None, 84, None), {}, Convention.YOLO),
    ((None, 56, None), {'task': 'pose'} | ONE, Convention.YOLO),
    ((None, 37, None), {'task': 'segment'} | ONE, Convention.YOLO),
    ((None, 300, None), NAMED | END2END, Convention.END_TO_END),
    ((None, 300, None), NAMED | NMS, Convention.END_TO_END),
    ((None, None, 6), NAMED | NMS, Convention.END_TO_END),
    ((1, 20, 57), {'task': 'pose'} | ONE, Convention.END_TO_END),
    ((1, 20, 38), {'task': 'segment'} | ONE, Convention.END_TO_END),
    ((1, 20, 48), {'task': 'pose'} | ONE | NMS, Convention.END_TO_END),
    ((1, 56, 8400), {'task': 'pose'} | ONE, Convention.YOLO),
    ((1, 37, 8400), {'task': 'segment'} | ONE, Convention.YOLO),
    ((1, 8400, 84), {}, Convention.YOLO),
    ((1, 8400, 85), {}, Convention.YOLOX),
    ((1, 300, 6), {'description': 'Ultralytics rtdetr-l model', 'names': "['a', 'b']"},
     Convention.YOLO),
])
def test_one_output_is_told_by_what_its_exporter_says(
    shape: Shape, metadata: dict[str, str], convention: Convention, tmp_path: Path
) -> None:
    assert _recognised(tmp_path, {'output0': shape}, metadata).convention is convention


@pytest.mark.parametrize('metadata', [NAMED, {}])
def test_rows_that_may_be_anything_are_refused_with_what_they_may_be(
    metadata: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(DetectorFileError, match=(
            r'no convention(?s:.*)\nconvention: yolo +# or yolov5, end_to_end\n')):
        _recognised(tmp_path, {'output0': (None, 300, None)}, metadata)


def _free(rows: np.ndarray, shape: Shape) -> onnx.ModelProto:
    """Make a graph that gives rows and declares their shape as free as an export does."""
    model = constant_graph({'rows': rows}, TensorProto.FLOAT, ('batch', 3, 'height', 'width'))
    graph = model.graph
    graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(1, np.int64), 'zero'))
    graph.initializer.append(onnx.numpy_helper.from_array(np.int64(rows.shape), 'sides'))
    graph.node.extend([
        helper.make_node('Shape', ['images'], ['size']),
        helper.make_node('ReduceMin', ['size'], ['least'], keepdims=1),
        helper.make_node('Mul', ['least', 'zero'], ['nothing']),
        helper.make_node('Add', ['sides', 'nothing'], ['given']),
        helper.make_node('Reshape', ['rows', 'given'], ['output0'])])
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info('output0', TensorProto.FLOAT, shape))
    return model


def _rtdetr() -> np.ndarray:
    rows = np.full((1, 300, 84), 0.01, np.float32)
    rows[0, 7, :4], rows[0, 7, 4 + 79] = (0.5, 0.5, 0.1, 0.2), 0.9
    return rows


@pytest.mark.parametrize('shape', [(1, 300, 84), ('batch', 300, 'anchors')])
@pytest.mark.parametrize('is_said', [False, True])
@pytest.mark.parametrize('names', [NAMED, {}])
def test_rtdetr_of_ultralytics_is_read_by_its_description_or_a_yaml(
    shape: tuple[int | str, ...], is_said: bool, names: dict[str, str], tmp_path: Path
) -> None:
    said = {} if is_said else {'description': 'Ultralytics rt-detr-l model'}
    file = save(_free(_rtdetr(), shape), tmp_path, names | said)
    if is_said:
        file.with_suffix('.yaml').write_text(
            'convention: yolo\nresize: stretch\nbox_units: fraction\n')

    detector = load_detector(file)
    found = detector.detect(PICTURE)

    assert (detector.description.resize, detector.description.box_units) == (
        Resize.STRETCH, BoxUnits.FRACTION)
    assert (len(detector.classes), found.labels.tolist()) == (80, [79])
    np.testing.assert_allclose(found.boxes, [[288.0, 192.0, 64.0, 96.0]], atol=0.1)


def test_free_columns_that_are_of_other_classes_are_refused(tmp_path: Path) -> None:
    file = save(_free(np.zeros((1, 24, 8400)), ('batch', 'columns', 'anchors')), tmp_path)
    file.with_suffix('.yaml').write_text('convention: yolo\n')

    with pytest.raises(DetectorFileError, match=(
            '1x24x8400, which has no side of 84 for 80 classes .from COCO')):
        load_detector(file)


@pytest.mark.parametrize(('columns', 'ports', 'pixels', 'is_normalized'), [
    (91, ('dets', 'labels'), 'input', True), (80, ('dets', 'labels'), 'input', True),
    (91, ('pred_boxes', 'logits'), 'pixel_values', True),
    (92, ('pred_boxes', 'logits'), 'pixel_values', True),
    (80, ('pred_boxes', 'logits'), 'pixel_values', False),
    (17, ('pred_boxes', 'logits'), 'pixel_values', False),
    (80, ('pred_boxes', 'pred_logits'), 'images', False),
    (17, ('boxes', 'logits'), 'images', True)])
def test_mean_of_imagenet_goes_off_only_where_its_maker_does_so(
    columns: int, ports: tuple[str, str], pixels: str, is_normalized: bool, tmp_path: Path
) -> None:
    described = _recognised(
        tmp_path, {ports[0]: (1, 300, 4), ports[1]: (1, 300, columns)}, {}, pixels=pixels)

    assert described.mean == ((0.485, 0.456, 0.406) if is_normalized else (0.0,) * 3)
    assert described.deviation == ((0.229, 0.224, 0.225) if is_normalized else (1.0,) * 3)


@pytest.mark.parametrize('columns', [2, 21, 81, 90])
def test_anchors_whose_classes_nothing_names_are_refused(columns: int, tmp_path: Path) -> None:
    outputs: dict[str, Shape] = {'scores': (1, 4420, columns), 'boxes': (1, 4420, 4)}

    with pytest.raises(DetectorFileError, match=(
            f"nothing names them: list {columns} as `names` in detector.yaml .*'' for the ")):
        _recognised(tmp_path, outputs, {})
    names = ['', *(f'thing {number}' for number in range(1, columns))]
    assert _recognised(tmp_path, outputs, {}, f'names: {names}').names == tuple(names)


def test_names_that_begin_with_one_are_said_to(tmp_path: Path) -> None:
    names = {'names': str({number + 1: f'thing {number}' for number in range(80)})}

    with pytest.raises(DetectorFileError, match='names 81: .* number 0 is missing there'):
        _recognised(tmp_path, {'output0': (1, 84, 8400)}, names)


@pytest.mark.parametrize('outputs', [
    {'dets': (1, 300, 4), 'labels': (1, 300, 92)}, {'output0': (1, 96, 8400)}])
def test_92_columns_that_are_no_logits_are_no_softmax(
    outputs: dict[str, Shape], tmp_path: Path
) -> None:
    described = _recognised(tmp_path, outputs, {})

    assert described.convention is not Convention.QUERIES_SOFTMAX
    assert described.names == tuple(f'class_{number}' for number in range(92))


@pytest.mark.parametrize(('names', 'expected'), [
    ('', ('class_0', 'class_1', '')), ('names: [cup, fork]', ('cup', 'fork', '')),
    ("names: [cup, fork, '']", ('cup', 'fork', ''))])
def test_last_column_of_a_softmax_is_no_object(
    names: str, expected: tuple[str, ...], tmp_path: Path
) -> None:
    outputs: dict[str, Shape] = {'pred_boxes': (1, 100, 4), 'logits': (1, 100, 3)}
    said = f'convention: queries_softmax\n{names}'

    described = _recognised(tmp_path, outputs, {}, said, pixels='pixel_values')

    assert described.names == expected
    assert described.mean == (0.485, 0.456, 0.406)  # DETR's processor normalizes
    with pytest.raises(DetectorFileError, match="no object, and .* names it 'plate'"):
        _recognised(tmp_path, outputs, {}, 'convention: queries_softmax\n'
                    'names: [cup, fork, plate]\n')


def test_blank_lines_behind_names_are_none_where_columns_say_so(tmp_path: Path) -> None:
    names = "names: [cup, fork, '']"

    assert _recognised(tmp_path, {'o': (None, 6, None)}, {}, names).names == ('cup', 'fork')
    assert _recognised(tmp_path, {'o': (None, 7, None)}, {}, names).names == ('cup', 'fork', '')


def test_convention_that_cannot_be_is_answered_with_those_that_can(tmp_path: Path) -> None:
    with pytest.raises(DetectorFileError, match='give yolo, or leave the entry out'):
        _recognised(tmp_path, {'o': (1, 84, 8400)}, {}, 'convention: yolox\n')
    with pytest.raises(DetectorFileError, match='no convention has such outputs, export it'):
        _recognised(tmp_path, {'o': (100, 6)}, {}, 'convention: end_to_end\n')


def test_what_is_written_of_a_detector_is_understood_as_it_was(tmp_path: Path) -> None:
    """Of TensorFlow's classes the first may be unused; written down it is no background."""
    outputs: dict[str, Shape] = {'detection_boxes': (1, 100, 4), 'detection_scores': (1, 100),
                                 'detection_classes': (1, 100)}
    described = _recognised(tmp_path, outputs, {'names': "['', '', 'cup', 'fork']"})
    assert described.names == ('', 'cup', 'fork')

    again = _recognised(tmp_path, outputs, {}, to_yaml(described))

    assert replace(again, names_from='its metadata') == described
