"""Which model does a demo take where nobody names one?"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from slim_split_ros.demo.prepare import DemoOptions, prepare_demo
from slim_split_ros.weights import SHIPPED_MODELS


@pytest.mark.parametrize(('has_source', 'codec', 'model', 'taken'), [
    (False, 'slim', 'shipped', 'robocup'),
    (True, 'slim', 'shipped', 'general'),
    (False, 'slim', 'general', 'general'),
    (False, 'ensemble', 'shipped', 'ensemble'),
])
def test_a_source_of_ones_own_takes_the_model_for_any_scene(
    has_source: bool, codec: str, model: str, taken: str, tmp_path: Path
) -> None:
    source = tmp_path / 'pictures'
    source.mkdir()
    cv2.imwrite(str(source / 'a.png'), np.zeros((48, 64, 3), np.uint8))
    demo = prepare_demo(DemoOptions(
        str(source) if has_source else None, '', None, 4.0, codec, model, 0, tmp_path / 'out'))
    assert demo.subject.manifest.folder == SHIPPED_MODELS[taken]
