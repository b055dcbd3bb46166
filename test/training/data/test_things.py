"""Do detectors that agree make a data set, and is part of it kept aside?"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from slim_split_ros.detectors import Detections, OnnxDetector, load_detector
from slim_split_ros.training.data.coco_folder import load_split
from slim_split_ros.training.data.things import agreed_things, write_things
from slim_split_ros.training.errors import DataSetError
from support.detector_graphs import constant_graph, save

pytest.importorskip('onnx', reason='make setup-training')

HERE, THERE, HUGE = (10, 20, 40, 50), (60, 10, 90, 40), (0, 0, 100, 70)


def found(*rows: tuple[tuple[float, ...], float]) -> Detections:
    """Return findings of boxes x0, y0, x1, y1 with their scores."""
    boxes = np.float32([box for box, _ in rows]).reshape(-1, 4)
    boxes[:, 2:] -= boxes[:, :2]
    scores = np.float32([score for _, score in rows])
    return Detections(boxes, scores, np.zeros(len(rows), np.int64))


def constant_detector(folder: Path, *rows: tuple[tuple[float, ...], float]) -> OnnxDetector:
    """Give a detector that finds the same boxes, corners in a picture of 100x75, everywhere."""
    folder.mkdir()
    outputs = np.float32([[(*box, score, 0) for box, score in rows]])
    file = save(constant_graph({'output0': outputs}, 1, (1, 3, 75, 100)), folder)
    file.with_suffix('.yaml').write_text('names: [cup]\nresize: stretch\n')
    return load_detector(file, threads=1)


def unseen(items: list, _: str) -> list:
    """Show no progress."""
    return items


def write_pictures(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        cv2.imwrite(str(folder / f'{number:02d}.jpg'), np.full((75, 100, 3), 9 * number, np.uint8))


def test_what_one_detector_doubts_another_confirms() -> None:
    alone = agreed_things([found((HERE, 0.2), (THERE, 0.5)), found()])
    together = agreed_things([found((HERE, 0.2)), found(((11, 20, 41, 50), 0.18))])
    assert alone.tolist() == [[60, 10, 30, 30]]
    assert together.tolist() == [[10, 20, 30, 30]]  # as the surer one has it


def test_a_detector_does_not_confirm_itself() -> None:
    assert len(agreed_things([found((HERE, 0.2), ((11, 20, 41, 50), 0.19)), found()])) == 0


def test_pictures_become_things_and_every_thirteenth_is_kept_aside(tmp_path: Path) -> None:
    write_pictures(tmp_path / 'photos' / 'train', 27)
    detectors = [constant_detector(tmp_path / 'one', (HERE, 0.2), (HUGE, 0.9)),
                 constant_detector(tmp_path / 'two', (HERE, 0.2))]
    write_things(tmp_path / 'photos' / 'train', detectors, tmp_path / 'things',
                 unseen)
    kept, train = (load_split(tmp_path / 'things', split) for split in ('kept_aside', 'train'))
    assert [image.path.name for image in kept.images] == ['00.jpg', '13.jpg', '26.jpg']
    assert len(train.images) == 24 and train.classes == ('thing',)
    # The picture's frame, almost, is none.
    assert all(image.boxes.tolist() == [[10, 20, 30, 30]] for image in train.images)


def test_known_boxes_are_taken_for_all_of_a_picture(tmp_path: Path) -> None:
    write_pictures(tmp_path / 'photos' / 'train', 14)
    (tmp_path / 'photos' / 'boxes.json').write_text(json.dumps({
        'images': [{'id': 7, 'file_name': '01.jpg'}, {'id': 8, 'file_name': '02.jpg'}],
        'annotations': [{'image_id': 7, 'bbox': [1, 2, 30, 40]}]}))
    write_things(tmp_path / 'photos' / 'train', [constant_detector(tmp_path / 'one', (HERE, 0.9))],
                 tmp_path / 'things', unseen)
    boxes = {image.path.name: image.boxes.tolist()
             for image in load_split(tmp_path / 'things', 'train').images}
    assert boxes['01.jpg'] == [[1, 2, 30, 40]] and boxes['02.jpg'] == []
    assert boxes['03.jpg'] == [[10, 20, 30, 30]]


def test_too_few_pictures_and_damaged_boxes_are_refused_by_name(tmp_path: Path) -> None:
    write_pictures(tmp_path / 'photos' / 'train', 13)
    with pytest.raises(DataSetError, match=r'train holds 13 pictures, more than 13'):
        write_things(tmp_path / 'photos' / 'train', [], tmp_path / 'things', unseen)
    cv2.imwrite(str(tmp_path / 'photos' / 'train' / 'x.jpg'), np.zeros((75, 100, 3), np.uint8))
    (tmp_path / 'photos' / 'boxes.json').write_text('{"images": 3}')
    with pytest.raises(DataSetError, match=r'boxes\.json is no COCO file of boxes'):
        write_things(tmp_path / 'photos' / 'train', [], tmp_path / 'things', unseen)
