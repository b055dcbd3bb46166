"""Does the offboard node rebuild pictures where its detector cannot be used, and say why?"""

from __future__ import annotations

import pytest
from rclpy.logging import get_logger

from slim_split_ros.ros.serving import load_serving
from slim_split_ros.ros.settings.offboard_parameters import OffboardSettings

pytestmark = pytest.mark.ros


@pytest.mark.parametrize('name', ['', ' '])
def test_empty_detector_is_named_as_such_with_the_choices(name: str) -> None:
    serving = load_serving(OffboardSettings(detector=name, device='cpu'), get_logger('offboard'))

    assert not serving.detects
    assert serving.detector_problem.startswith(
        f'detector is {name!r}: give shipped, none, or the ONNX file of a detector. Pictures are')
