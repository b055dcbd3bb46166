import os

import pytest

from slim_split_ros.wire.errors import GeometryError
from slim_split_ros.wire.geometry import MAX_IMAGE_SIDE, FrameGeometry


@pytest.mark.parametrize(
    ('image', 'expected_input', 'expected_resized'),
    [
        ((640, 480), (416, 320), (416, 312)),
        ((480, 640), (320, 416), (312, 416)),
        ((1920, 1080), (416, 256), (416, 234)),
        ((416, 416), (416, 416), (416, 416)),
        ((8_000, 1), (416, 32), (416, 1)),
        ((1, 1), (416, 416), (416, 416)),
    ],
)
def test_longer_side_fills_the_input_and_the_other_is_padded_to_the_multiple(
        image, expected_input, expected_resized):
    geometry = FrameGeometry.fit(*image, long_side=416, multiple=32)

    assert (geometry.input_width, geometry.input_height) == expected_input
    assert (geometry.resized_width, geometry.resized_height) == expected_resized
    assert geometry.scale == 416 / max(image)


@pytest.mark.parametrize('image', [(0, 480), (640, 0), (-1, 5), (MAX_IMAGE_SIDE + 1, 10)])
def test_an_image_without_pixels_or_beyond_the_limit_is_refused_with_its_size(image):
    with pytest.raises(GeometryError, match=str(min(image) if min(image) < 1 else max(image))):
        FrameGeometry.fit(*image, long_side=416, multiple=32)


def test_an_input_that_the_image_does_not_fit_into_is_refused():
    with pytest.raises(GeometryError, match='480x640 pixels does not fit .* 416x320'):
        FrameGeometry(480, 640, 416, 320)


def test_a_long_side_that_is_no_multiple_is_refused():
    with pytest.raises(GeometryError, match='input_long_side 400 .* input_multiple 32'):
        FrameGeometry.fit(640, 480, long_side=400, multiple=32)


def test_opencv_has_the_same_limit():
    for side in ('WIDTH', 'HEIGHT'):
        assert os.environ[f'OPENCV_IO_MAX_IMAGE_{side}'] == str(MAX_IMAGE_SIDE)
