"""Tests of the scene that encoders are timed with where there are no pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from slim_split_ros.evaluation.moving_scene import CONTRASTS, MovingScene, find_scene


def jpeg_bytes(scene: MovingScene) -> int:
    return len(cv2.imencode('.jpg', scene.look(), [cv2.IMWRITE_JPEG_QUALITY, 50])[1])


@pytest.mark.parametrize('wanted', [7_000, 10_000, 20_000])
def test_a_scene_takes_as_many_bytes_as_wanted(wanted: int) -> None:
    assert jpeg_bytes(find_scene(jpeg_bytes, wanted)) == pytest.approx(wanted, rel=0.2)


def test_what_no_scene_takes_gives_the_busiest_and_what_all_take_the_plainest() -> None:
    busiest, plainest = (find_scene(jpeg_bytes, wanted) for wanted in (1e9, 0.0))
    assert np.array_equal(busiest.look(), MovingScene(CONTRASTS[-1]).look())
    assert np.array_equal(plainest.look(), MovingScene(CONTRASTS[0]).look())


def test_a_scene_moves() -> None:
    scene = MovingScene(0.5)
    first, second = scene.look(), scene.look()
    assert not np.array_equal(first, second)
    assert np.array_equal(first[:, :-5], second[:, 5:])
