"""Does the offboard node rebuild pictures where its detector cannot be used, and say why?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rclpy.logging import get_logger

from slim_split_ros.ros.serving import load_serving
from slim_split_ros.ros.settings.offboard_parameters import OffboardSettings
from support.detector_graphs import constant_graph, save

pytestmark = pytest.mark.ros


@pytest.mark.parametrize(('model', 'is_warned'), [('robocup', True), ('general', False)])
def test_pictures_that_please_another_detector_are_named(
    model: str, is_warned: bool, tmp_path: Path
) -> None:
    rows = np.float32([[[10, 20, 40, 60, 0.9, 0]]])
    detector = save(constant_graph({'output0': rows}, 1, (1, 3, 64, 64)), tmp_path)
    detector.with_suffix('.yaml').write_text('names: [cup]\nresize: stretch\n')
    logger = Logger()
    serving = load_serving(
        OffboardSettings(model=model, detector=str(detector), device='cpu'), logger)

    assert serving.detects
    assert any('repaired to please' in said for said in logger.warnings) is is_warned


class Logger:
    """Keep warnings, as a node's logger would show them."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warning(self, text: str) -> None:
        self.warnings.append(text)

    def info(self, text: str) -> None:
        """Say nothing of what is as it should be."""


@pytest.mark.parametrize('name', ['', ' '])
def test_empty_detector_is_named_as_such_with_the_choices(name: str) -> None:
    serving = load_serving(OffboardSettings(detector=name, device='cpu'), get_logger('offboard'))

    assert not serving.detects
    assert serving.detector_problem.startswith(
        f'detector is {name!r}: give shipped, none, or the ONNX file of a detector. Pictures are')
