"""Varied pictures keep their boxes on their objects."""

from __future__ import annotations

import numpy as np
import pytest

from slim_split_ros.onboard.letterbox import letterbox
from slim_split_ros.training.data.augmentation import Sample, fit, mosaic, vary
from slim_split_ros.wire.geometry import FrameGeometry


def bright_square(x: int = 40, y: int = 30, side: int = 30) -> Sample:
    image = np.zeros((96, 128, 3), np.uint8)
    image[y:y + side, x:x + side] = 255
    return Sample(image, np.array([[x, y, x + side, y + side]], np.float32), np.array([1]))


def brightness_inside(sample: Sample) -> float:
    x0, y0, x1, y1 = sample.boxes[0].round().astype(int)
    inset = 2
    inside = sample.image[y0 + inset:y1 - inset, x0 + inset:x1 - inset]
    return float(inside.mean()) - float(sample.image.min())


def test_fit_letterboxes_to_the_top_left() -> None:
    sample = fit(bright_square(), 64, 64)
    assert sample.boxes[0].tolist() == [20, 15, 35, 30]
    assert (sample.image[48:] == 114).all()


@pytest.mark.parametrize('side', [33, 48, 64, 77, 128, 200])
def test_pixels_and_boxes_are_scaled_about_the_same_point(side: int) -> None:
    source = bright_square()
    source.image[source.image == 0] = 114  # as what lies beside the picture
    sample = fit(source, side, side)
    light = sample.image[..., 0].astype(float) - 114
    middle = [(light * place).sum() / light.sum() + 0.5 for place in np.indices(light.shape)[::-1]]
    x0, y0, x1, y1 = sample.boxes[0]
    # OpenCV takes 32 places between two pixels.
    assert middle == pytest.approx([(x0 + x1) / 2, (y0 + y1) / 2], abs=0.15)


@pytest.mark.parametrize('seed', range(20))
def test_a_box_stays_on_its_object(seed: int) -> None:
    sample = vary(bright_square(), 96, 96, np.random.default_rng(seed))
    for box in sample.boxes:
        assert (box >= 0).all() and (box <= 96).all()
    if len(sample.boxes) and (sample.boxes[0, 2:] - sample.boxes[0, :2]).min() > 8:
        assert brightness_inside(sample) > 60


def test_the_same_generator_gives_the_same_picture() -> None:
    first, second = (vary(bright_square(), 96, 96, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first.boxes, second.boxes)


def test_an_object_mostly_outside_is_dropped() -> None:
    sample = Sample(np.zeros((96, 128, 3), np.uint8),
                    np.array([[0, 0, 1, 90]], np.float32), np.array([0]))
    assert len(fit(sample, 96, 128).boxes) == 0


def test_a_mosaic_holds_objects_of_its_parts_within_the_picture() -> None:
    rng = np.random.default_rng(3)
    counts = []
    for _ in range(10):
        sample = mosaic([bright_square() for _ in range(4)], 128, 96, rng)
        assert sample.image.shape == (128, 96, 3)
        assert (sample.boxes[:, 2] <= 96).all() and (sample.boxes[:, 3] <= 128).all()
        assert len(sample.boxes) == len(sample.labels)
        counts.append(len(sample.boxes))
    assert max(counts) > 1


def noise(height: int, width: int) -> Sample:
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return Sample(image, np.zeros((0, 4), np.float32), np.zeros(0, np.int64))


@pytest.mark.parametrize(('width', 'height'), [(320, 240), (640, 480), (1080, 1920), (3840, 2160)])
def test_fit_gives_what_the_robots_network_sees(width: int, height: int) -> None:
    geometry = FrameGeometry.fit(width, height, 416, 32)
    sample = noise(height, width)
    fitted = fit(sample, geometry.input_height, geometry.input_width).image
    assert np.array_equal(fitted, letterbox(sample.image, geometry))


def test_of_large_pictures_every_pixel_counts_in_what_is_varied() -> None:
    """Where pixels were skipped, noise would stay as strong as it was."""
    sample = noise(2160, 3840)
    pixels = vary(sample, 234, 416, np.random.default_rng(1)).image[60:170, 100:300]
    assert pixels.std() < 0.35 * sample.image.std()
