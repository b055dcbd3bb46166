"""Are the steps of coarse blocks smoothed, and nothing else?"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from slim_split_ros.coders.step_smoother import MOST_SIZES, StepSmoother

pytest.importorskip('av')


def _gray(values: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(values.astype(np.uint8), cv2.COLOR_GRAY2BGR)


def _largest_step(picture: np.ndarray) -> int:
    middle = picture[picture.shape[0] // 2, 8:-8, 1].astype(int)
    return int(np.abs(middle[4:] - middle[:-4]).max())


def test_steps_of_blocks_become_a_slope() -> None:
    blocks = _gray(np.tile(np.repeat(np.arange(100, 150, 5), 16), (96, 1)))

    smoothed = StepSmoother().smooth(blocks)

    assert smoothed.shape == blocks.shape
    assert _largest_step(blocks) == 5
    assert _largest_step(smoothed) <= 3
    assert np.abs(smoothed.astype(int) - blocks).max() <= 5


def test_edges_of_things_stay() -> None:
    edges = _gray(np.tile(np.repeat([60, 200, 60, 200], 40), (96, 1)))

    assert np.abs(StepSmoother().smooth(edges).astype(int) - edges).max() <= 2


def test_sizes_follow_each_other_and_few_are_kept() -> None:
    smoother = StepSmoother()
    for side in range(16, 16 + 4 * MOST_SIZES, 2):
        picture = np.full((side, 2 * side, 3), 90, np.uint8)
        assert np.abs(smoother.smooth(picture).astype(int) - picture).max() <= 2
    assert len(smoother._graphs) == MOST_SIZES


@pytest.mark.parametrize('shape', [(2, 2), (2, 400), (400, 2), (16, 16)])
def test_smallest_pictures_pass(shape: tuple[int, int]) -> None:
    picture = np.full((*shape, 3), 128, np.uint8)

    assert StepSmoother().smooth(picture).shape == picture.shape


def test_argument_stays() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (32, 48, 3), np.uint8)
    kept = picture.copy()

    StepSmoother().smooth(picture)

    np.testing.assert_array_equal(picture, kept)


def test_without_the_filter_pictures_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('av.filter.filters_available', set())
    picture = np.full((16, 16, 3), 128, np.uint8)

    assert StepSmoother().smooth(picture) is picture
