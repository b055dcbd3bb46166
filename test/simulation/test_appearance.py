"""Does the camera's electronics keep size and type, and vary with the seed?"""

from __future__ import annotations

import numpy as np

from slim_split_ros.simulation.appearance import Camera, random_look


def _camera(seed: int) -> Camera:
    rng = np.random.default_rng(seed)
    return Camera(random_look(rng), np.ones((48, 64), np.float32), rng)


def test_exposed_picture_keeps_shape_and_type() -> None:
    """With and without motion, whatever the look."""
    picture = np.full((48, 64, 3), 90, np.uint8)
    for seed in range(10):
        for smear_px in ((0.0, 0.0), (-7.5, 2.0)):
            exposed = _camera(seed).expose(picture, smear_px)
            assert exposed.shape == picture.shape and exposed.dtype == np.uint8


def test_automatic_exposure_brings_dark_and_bright_scenes_closer() -> None:
    """A scene of a third of the light is not a third as bright."""
    dark, bright = (
        _camera(5).expose(np.full((48, 64, 3), level, np.uint8), (0.0, 0.0)).mean()
        for level in (50, 150)
    )

    assert bright / dark < 2.5


def test_motion_smears_along_its_direction() -> None:
    """A column of light becomes wider under motion sideways and not under motion upwards."""
    picture = np.full((48, 64, 3), 40, np.uint8)
    picture[:, 30:33] = 250

    widths = [
        int((_camera(7).expose(picture, smear_px)[24, :, 1] > 100).sum())
        for smear_px in ((0.0, 0.0), (12.0, 0.0))
    ]
    assert widths[1] != widths[0]
