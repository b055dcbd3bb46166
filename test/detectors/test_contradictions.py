"""Is a YAML beside a detector refused where the graph cannot be as it says?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from onnx import TensorProto
import pytest

from slim_split_ros.detectors import DetectorFileError, load_detector
from slim_split_ros.detectors.description import Convention, Resize
from support.detector_graphs import constant_graph, save

SIDE = 64
CELLS = 8 * 8 + 4 * 4 + 2 * 2
YOLO = {'output0': (1, 84, 100)}
OUTPUTS = {
    'yolo': YOLO,
    'yolov5': {'output0': (1, 3 * CELLS, 85)},
    'end_to_end': {'output0': (1, 300, 6)},
    'yolox': {'output0': (1, CELLS, 85)},
    'selected': {'labels': (1, 300), 'boxes': (1, 300, 4), 'scores': (1, 300)},
    'queries': {'dets': (1, 300, 4), 'labels': (1, 300, 91)},
    'boxes_scores': {'scores': (1, 2000, 80), 'boxes': (1, 2000, 4)},
}


def _detector(
    folder: Path, text: str, outputs: Mapping[str, tuple[int, ...]] = YOLO,
    shape: tuple[int | None, ...] = (1, 3, SIDE, SIDE), kind: int = TensorProto.FLOAT,
) -> Path:
    """Give a detector that finds nothing, with a YAML beside it."""
    file = save(constant_graph(
        {name: np.zeros(size) for name, size in outputs.items()}, kind, shape), folder)
    file.with_suffix('.yaml').write_text(text)
    return file


def test_more_classes_than_anchors_are_those_of_yolov5_too(tmp_path: Path) -> None:
    file = _detector(tmp_path, 'convention: yolov5', {'output0': (1, 3 * CELLS, 1208)})

    assert len(load_detector(file).classes) == 1203


@pytest.mark.parametrize('convention', OUTPUTS)
def test_convention_that_the_graph_can_have_is_taken(convention: str, tmp_path: Path) -> None:
    file = _detector(tmp_path, f'convention: {convention}', OUTPUTS[convention])

    assert load_detector(file).description.convention is Convention(convention)


@pytest.mark.parametrize(('convention', 'outputs', 'has'), [
    ('end_to_end', YOLO, 'one output of 1 x n x 6'),
    ('yolox', OUTPUTS['yolov5'], 'N the cells of the grids'),
    ('yolo', OUTPUTS['queries'], 'one output'),
    ('yolov5', {'output0': (1, 4, 5)}, 'one output'),
    ('selected', OUTPUTS['end_to_end'], 'three outputs'),
    ('selected', {'a': (1, 9), 'b': (1, 9, 4), 'c': (1, 9)}, 'one named after box'),
    ('selected', {'boxes': (9, 4), 'scores': (9,), 'labels': (9,)}, 'after box, 1 x n x 4'),
    ('yolov5', YOLO, 'one output of 1 x N x'),
    ('queries', OUTPUTS['end_to_end'], 'two outputs'),
    ('queries', {'dets': (1, 9, 5), 'labels': (1, 9, 91)}, 'one of 1 x n x 4'),
    ('boxes_scores', OUTPUTS['selected'], 'two outputs'),
    ('boxes_scores', {'boxes': (9, 4), 'scores': (9, 80)}, 'one of 1 x N x 4'),
])
def test_convention_that_the_graph_cannot_have_is_refused(
    convention: str, outputs: Mapping[str, tuple[int, ...]], has: str, tmp_path: Path
) -> None:
    with pytest.raises(DetectorFileError, match=(
            rf'detector\.yaml: convention is {convention}, but the graph gives .*{has}')):
        load_detector(_detector(tmp_path, f'convention: {convention}', outputs))


def test_convention_brings_its_classes_and_how_pictures_go_in(tmp_path: Path) -> None:
    """Without it these outputs are taken for those of YOLOX, with 95 classes."""
    described = load_detector(_detector(tmp_path, 'convention: yolo')).description

    assert len(described.names) == 80
    assert (described.resize, described.channels) == (Resize.LETTERBOX, 'rgb')


@pytest.mark.parametrize(('text', 'problem'), [
    ('layout: nhwc', 'layout is nhwc, but the graph takes images 1x3x64x64 .* give nchw'),
    ('input_size: [100, 200]',
     r'input_size is \[100, 200\], but the graph takes images 1x3x64x64 .* give \[64, 64\]'),
    ('box_units: picture', 'box_units is picture, but the graph has no second input'),
])
def test_entry_that_the_graph_cannot_have_is_refused_in_our_words(
    text: str, problem: str, tmp_path: Path
) -> None:
    with pytest.raises(DetectorFileError, match=rf'detector\.yaml: {problem}'):
        load_detector(_detector(tmp_path, text))


def test_free_side_takes_any_size(tmp_path: Path) -> None:
    free = (1, 3, None, SIDE)
    described = load_detector(
        _detector(tmp_path, 'input_size: [64, 96]', shape=free)).description
    assert (described.input_width, described.input_height) == (64, 96)

    with pytest.raises(DetectorFileError, match=r'takes images 1x3x\?x64 .* give \[64, 96\]'):
        load_detector(_detector(tmp_path, 'input_size: [128, 96]', shape=free))


def test_range_of_values_for_a_graph_that_takes_bytes_is_refused(tmp_path: Path) -> None:
    load_detector(_detector(
        tmp_path, 'scale: 1\nmean: [0, 0, 0]\ndeviation: [1, 1, 1]', kind=TensorProto.UINT8))

    with pytest.raises(DetectorFileError, match=r'scale is 0\.5, but the graph takes .*uint8'):
        load_detector(_detector(tmp_path, 'scale: 0.5', kind=TensorProto.UINT8))


def test_yaml_without_convention_does_not_make_one_up(tmp_path: Path) -> None:
    with pytest.raises(DetectorFileError, match='no convention .* No YAML describes'):
        load_detector(_detector(tmp_path, 'scale: 1', {'logits': (1, 1000)}))
