"""Are the picture's input and the outputs of boxes found among others, and others refused?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper
import pytest

from slim_split_ros.detectors import DetectorFileError, load_detector
from slim_split_ros.detectors.description import BoxUnits, Convention
from slim_split_ros.detectors.port_roles import mask_channels, picture_input
from slim_split_ros.detectors.signature import Port, Signature
from support.detector_graphs import PICTURE, constant_graph, save

SIDE = 640
ANCHORS = 8400
FLOAT = 'tensor(float)'
PICTURES = Port('images', (1, 3, SIDE, SIDE), FLOAT)


def _rows(columns: int, label: int, anchors_last: bool = True) -> np.ndarray:
    rows = np.zeros((1, ANCHORS, columns), np.float32)
    rows[0, 7, :4], rows[0, 7, 4 + label] = (320, 240, 64, 80), 0.9
    return rows.transpose(0, 2, 1) if anchors_last else rows


def _detector(
    folder: Path, outputs: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None,
    second_input: str = '',
) -> Path:
    model = constant_graph(outputs, TensorProto.FLOAT, (1, 3, SIDE, SIDE))
    if second_input:
        model.graph.input.append(
            helper.make_tensor_value_info(second_input, TensorProto.FLOAT, (1, 2)))
    return save(model, folder, metadata)


@pytest.mark.parametrize('metadata', [
    {}, {'names': str([f'x {n}' for n in range(80)])}, {'names': "['x', 'y']"}])
@pytest.mark.parametrize('grids', [
    {f'head{side}': (1, 144, side, side) for side in (80, 40, 20)},
    {'drivable': (1, 2, SIDE, SIDE), 'lanes': (1, 2, SIDE, SIDE)},
    {'features': (1, 64, 160, 160)}, {'features': (1, 32, 160, 160)},
    {'features': (1, 256, 20, 20)}])
def test_grids_beside_the_boxes_are_no_masks(
    grids: dict[str, tuple[int, ...]], metadata: dict[str, str], tmp_path: Path
) -> None:
    outputs = {'output0': _rows(84, 79)}
    outputs |= {name: np.zeros(shape, np.float32) for name, shape in grids.items()}

    detector = load_detector(_detector(tmp_path, outputs, metadata))

    assert (len(detector.classes), detector.detect(PICTURE).labels.tolist()) == (80, [79])


@pytest.mark.parametrize(('masks', 'task', 'channels'), [
    ((1, 32, 160, 160), '', 32), ((1, 32, None, None), '', 32), ((1, 32, 80, 80), '', 0),
    ((1, 32, 80, 80), 'segment', 32), ((1, 32, 160, 160), 'detect', 0),
    ((1, None, 160, 160), 'segment', 0)])
def test_masks_are_a_quarter_of_the_input_or_said_by_the_task(
    masks: tuple[int | None, ...], task: str, channels: int
) -> None:
    outputs = (Port('output0', (1, 116, ANCHORS), FLOAT), Port('output1', masks, FLOAT))

    assert mask_channels([PICTURES], outputs, {'task': task}) == channels


def test_boxes_of_four_axes_are_not_passed_over(tmp_path: Path) -> None:
    outputs = {'boxes': np.zeros((1, 10647, 1, 4)), 'confs': np.zeros((1, 10647, 80))}

    with pytest.raises(DetectorFileError, match=(
            'no convention .* boxes 1x10647x1x4 .*No YAML describes these outputs')):
        load_detector(_detector(tmp_path, outputs))


def test_mask_channels_that_leave_no_class_are_refused(tmp_path: Path) -> None:
    outputs = {'output0': _rows(36, 30), 'output1': np.zeros((1, 32, 160, 160))}

    with pytest.raises(DetectorFileError, match='no classes, .* Outputs: output0 1x36x8400'):
        load_detector(_detector(tmp_path, outputs, {'task': 'segment'}))


@pytest.mark.parametrize('names', [[], ['person'], ['', 'person'], ['background', 'person']])
@pytest.mark.parametrize('more', [{}, {'num_detections': np.full(1, 2.0)}])
def test_boxes_of_tensorflow_begin_with_their_top_and_classes_with_one(
    names: list[str], more: dict[str, np.ndarray], tmp_path: Path
) -> None:
    boxes, scores, classes = np.zeros((1, 100, 4)), np.zeros((1, 100)), np.ones((1, 100))
    boxes[0, 0], scores[0, 0] = (0.2, 0.1, 0.4, 0.3), 0.9
    file = _detector(tmp_path, {
        'detection_boxes': boxes, 'detection_classes': classes, 'detection_scores': scores,
        **more}, {'names': str(names)})

    detector = load_detector(file)
    found = detector.detect(PICTURE)

    assert detector.description.convention is Convention.TENSORFLOW
    assert detector.description.box_units is BoxUnits.FRACTION
    assert [detector.classes[label] for label in found.labels] == ['person']
    np.testing.assert_allclose(found.boxes, [[64.0, 96.0, 128.0, 96.0]], atol=0.1)

    file.with_suffix('.yaml').write_text('convention: selected\nbox_units: fraction\n')
    if not more:
        with pytest.raises(DetectorFileError, match='begin with their top: give tensorflow'):
            load_detector(file)


def test_pixels_are_no_boxes_of_tensorflow(tmp_path: Path) -> None:
    boxes, ones = np.full((1, 2, 4), 64.0), np.ones((1, 2))
    boxes[..., 2:] = 128.0
    file = _detector(tmp_path, {
        'detection_boxes': boxes, 'detection_classes': ones, 'detection_scores': ones})

    with pytest.raises(DetectorFileError, match='fractions of the picture: write `convention: se'):
        load_detector(file)


def test_boxes_of_tensorflow_beside_scores_alone_are_refused(tmp_path: Path) -> None:
    outputs = {'raw_detection_boxes': np.zeros((1, 1917, 4)),
               'raw_detection_scores': np.zeros((1, 1917, 91))}

    with pytest.raises(DetectorFileError, match='begin with their top, and no YAML'):
        load_detector(_detector(tmp_path, outputs))


@pytest.mark.parametrize('name', ['box_regression', 'box_deltas', 'offsets'])
def test_boxes_that_are_not_decoded_are_refused(name: str, tmp_path: Path) -> None:
    outputs = {name: np.zeros((1, 1917, 4)), 'scores': np.zeros((1, 1917, 80))}

    with pytest.raises(DetectorFileError, match=f'{name} says that boxes are not decoded'):
        load_detector(_detector(tmp_path, outputs))


@pytest.mark.parametrize('name', ['scale_factor', 'im_shape', 'image_shape'])
def test_second_input_of_other_numbers_is_refused(name: str, tmp_path: Path) -> None:
    outputs = {'labels': np.zeros((1, 9)), 'boxes': np.zeros((1, 9, 4)),
               'scores': np.zeros((1, 9))}

    with pytest.raises(DetectorFileError, match=f'nobody knows what {name} 1x2 .* takes'):
        load_detector(_detector(tmp_path, outputs, second_input=name))


def test_second_input_beside_another_convention_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DetectorFileError, match='its second input takes: only in convention sele'):
        load_detector(_detector(
            tmp_path, {'output0': _rows(84, 2)}, second_input='orig_target_sizes'))


@pytest.mark.parametrize(('port', 'why'), [
    (Port('x', (3, 480, 640), FLOAT), 'x has no batch axis'),
    (Port('x', (1, 3, 480, 640), 'tensor(double)'), r'x takes tensor\(double\): export it for'),
    (Port('x', (1, 1, 480, 640), FLOAT), 'x has no axis of three channels'),
    (Port('x', (1, 10), FLOAT), 'x has 2 axes, a picture has 4'),
])
def test_why_an_input_takes_no_picture_is_said(port: Port, why: str, tmp_path: Path) -> None:
    with pytest.raises(DetectorFileError, match=f'one picture of three channels .*: {why}'):
        picture_input(Signature(tmp_path / 'detector.onnx', (port,), (), {}))


@pytest.mark.parametrize('shape', [
    (None, None, 512, 864), (1, None, 640, 640), (None,) * 4, (1, None, None, 3)])
def test_channels_may_be_free(shape: tuple[int | None, ...], tmp_path: Path) -> None:
    port = Port('pixel_values', shape, FLOAT)

    assert picture_input(Signature(tmp_path / 'detector.onnx', (port,), (), {})) is port
