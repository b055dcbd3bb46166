"""Is what a command looked at before told from what only looks the same?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from slim_split_ros.detectors import load_detector

onnx = pytest.importorskip('onnx', reason='make setup-training')
work_folder = pytest.importorskip('slim_split_ros.training.work_folder')
detector_graphs = pytest.importorskip('support.detector_graphs')


def test_a_detector_whose_weights_lie_beside_it_is_named_with_them(tmp_path: Path) -> None:
    names = []
    for score in (0.5, 0.25):
        rows = np.float32([[[0, 0, 32, 32, score, 1]]])
        file = detector_graphs.save(
            detector_graphs.constant_graph({'output0': rows}, 1, (1, 3, 64, 64)), tmp_path)
        onnx.save(onnx.load(file), file, save_as_external_data=True, location='weights',
                  size_threshold=0)
        names.append(work_folder.name_detector(file, load_detector(file)))
        (tmp_path / 'weights').unlink()

    assert names[0] != names[1]


@pytest.mark.parametrize('left', [
    {}, {'asked.partial': '{'}, {'asked.json': '{}', 'looked': '', 'chosen': ''}])
def test_a_folder_that_an_interruption_left_is_the_commands_own(
    left: dict[str, str], tmp_path: Path
) -> None:
    for name, content in left.items():
        (tmp_path / name).write_text(content)

    work_folder.begin_work(tmp_path, {'seed': 1})

    assert [file.name for file in tmp_path.iterdir()] == ['asked.json']
    assert not work_folder.was_looked_at(tmp_path, {'seed': 1})
    work_folder.end_looking(tmp_path)
    assert work_folder.was_looked_at(tmp_path, {'seed': 1})
