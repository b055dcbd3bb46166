import numpy as np

from slim_split_ros.coders.block_map import block_levels
from slim_split_ros.wire.geometry import FrameGeometry
from slim_split_ros.wire.video_settings import CodedSize

# 640x480 lies in 416x320: 26x20 cells, of which the image covers 26x19.5.
GEOMETRY = FrameGeometry.fit(640, 480, 416, 32)


def map_with(cells, level=2):
    levels = np.zeros((20, 26), np.int8)
    levels[cells] = level
    return levels


def test_picture_of_the_inputs_size_has_blocks_that_are_its_cells():
    levels = np.random.default_rng(0).integers(0, 3, (20, 26)).astype(np.int8)

    blocks = block_levels(levels, GEOMETRY, CodedSize(416, 312))

    assert np.array_equal(blocks, levels)


def test_block_of_a_small_picture_has_the_level_in_its_middle():
    # Blocks are 38 pixels of the input wide and high: their middles lie in cells 1, 3, 5, 8, …
    levels = np.zeros((20, 26), np.int8)
    levels[3, 5] = 2
    levels[3, 6] = 1

    blocks = block_levels(levels, GEOMETRY, CodedSize(174, 130))

    assert blocks.shape == (9, 11)
    assert np.argwhere(blocks).tolist() == [[1, 2]] and blocks[1, 2] == 2


def test_blocks_of_a_large_picture_share_a_cell():
    # Cells are 32 pixels of a picture of 832x624.
    blocks = block_levels(map_with((3, 5)), GEOMETRY, CodedSize(832, 624))

    assert blocks.shape == (39, 52)
    assert np.argwhere(blocks).tolist() == [[6, 10], [6, 11], [7, 10], [7, 11]]


def test_cells_of_the_padding_mark_no_block():
    geometry = FrameGeometry.fit(640, 240, 416, 32)  # 156 of 160 rows
    levels = np.zeros((10, 26), np.int8)
    levels[9] = 1
    wide = FrameGeometry.fit(640, 200, 416, 32)  # 130 of 160 rows

    assert not block_levels(levels, wide, CodedSize(416, 130)).any()
    assert block_levels(levels, geometry, CodedSize(416, 156))[9].all()
