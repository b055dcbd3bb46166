import numpy as np
import pytest

from slim_split_ros.onboard.letterbox import PADDING_GREY, letterbox, new_canvas
from slim_split_ros.wire.geometry import FrameGeometry


@pytest.mark.parametrize('size', [(640, 480), (480, 640), (1920, 1080), (100, 60), (1000, 3)])
def test_the_image_lies_top_left_and_grey_beside_it(size):
    width, height = size
    geometry = FrameGeometry.fit(width, height, 416, 32)

    canvas = letterbox(np.full((height, width, 3), 200, np.uint8), geometry)

    assert canvas.shape == (geometry.input_height, geometry.input_width, 3)
    assert np.all(canvas[:geometry.resized_height, :geometry.resized_width] == 200)
    assert np.all(canvas[geometry.resized_height:] == PADDING_GREY)
    assert np.all(canvas[:, geometry.resized_width:] == PADDING_GREY)


@pytest.mark.parametrize('size', [(416, 320), (640, 480)])
def test_red_first_becomes_blue_first(size):
    width, height = size
    image = np.empty((height, width, 3), np.uint8)
    image[:] = (250, 100, 10)

    canvas = letterbox(image, FrameGeometry.fit(width, height, 416, 32), 'rgb')

    assert canvas[5, 5].tolist() == [10, 100, 250]
    assert image[5, 5].tolist() == [250, 100, 10]


def test_a_canvas_is_used_again():
    geometry = FrameGeometry.fit(640, 480, 416, 32)
    canvas = new_canvas(geometry)

    placed = letterbox(np.full((480, 640, 3), 9, np.uint8), geometry, out=canvas)

    assert placed is canvas
    assert np.all(canvas[:312] == 9)


def test_rows_with_padding_and_read_only_memory_are_taken_as_they_are():
    padded = np.arange(480 * 2000, dtype=np.uint32).astype(np.uint8).reshape(480, 2000)
    padded.flags.writeable = False
    image = padded[:, :1920].reshape(480, 640, 3)
    geometry = FrameGeometry.fit(640, 480, 416, 32)

    assert np.array_equal(
        letterbox(image, geometry), letterbox(np.ascontiguousarray(image), geometry))


def test_strong_shrinking_averages_instead_of_skipping():
    image = np.zeros((1248, 1664, 3), np.uint8)
    image[:, ::4] = 200  # one column in four, which the scale of 1/4 could skip or double

    canvas = letterbox(image, FrameGeometry.fit(1664, 1248, 416, 32))

    assert np.all(np.abs(canvas[:312].astype(int) - 50) <= 1)
