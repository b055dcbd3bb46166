"""Do tiny graphs with the ports and metadata of real exports find their two things?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from slim_split_ros.detectors import Dropped, load_detector
from slim_split_ros.detectors.description import Convention
from support.detector_graphs import PICTURE

# Each with how its exporter puts a picture in, as `expected_640x480.json` calls it.
GRAPHS = {
    'yolov8_raw': (Convention.YOLO, 'letterbox_centred'),
    'yolov5_raw': (Convention.YOLOV5, 'letterbox_centred'),
    'end_to_end_300x6': (Convention.END_TO_END, 'letterbox_centred'),
    'rtdetr_two_inputs': (Convention.SELECTED, 'plain'),
    'rfdetr': (Convention.QUERIES, 'plain'),
    'yolox_undecoded': (Convention.YOLOX, 'letterbox_topleft'),
}


@pytest.mark.parametrize('name', GRAPHS)
def test_graph_of_a_convention_finds_its_two_things_without_a_yaml(
    name: str, slim_split_data: Path
) -> None:
    folder = slim_split_data / 'detectors' / 'yolo_conventions'
    if not folder.is_dir():
        pytest.skip(f'no graphs of conventions at {folder}')
    convention, placed = GRAPHS[name]
    expected = json.loads((folder / 'expected_640x480.json').read_text())[placed]

    detector = load_detector(folder / f'{name}.onnx', threads=1)
    found = detector.detect(PICTURE)

    assert detector.description.convention is convention
    assert [detector.classes[label] for label in found.labels] == [
        thing['name'] for thing in expected]
    ends = np.concatenate([found.boxes[:, :2], found.boxes[:, :2] + found.boxes[:, 2:]], axis=1)
    np.testing.assert_allclose(ends, [thing['box'] for thing in expected], atol=0.1)
    np.testing.assert_allclose(found.scores, [thing['score'] for thing in expected], atol=1e-3)
    assert found.dropped == Dropped()
