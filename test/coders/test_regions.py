import numpy as np

from slim_split_ros.coders import Region, find_regions
from slim_split_ros.coders.regions import MOST_REGIONS


def test_connected_cells_share_one_region():
    levels = np.zeros((4, 6), np.int8)
    levels[1, 1:4] = levels[2, 3] = 1

    assert find_regions(levels, 16, 16, 96, 64) == [Region(16, 16, 48, 32, 1)]


def test_higher_levels_come_first_and_lie_within_lower_ones():
    levels = np.ones((4, 4), np.int8)
    levels[2, 2] = 2

    regions = find_regions(levels, 10, 10, 40, 40)

    assert regions == [Region(20, 20, 10, 10, 2), Region(0, 0, 40, 40, 1)]


def test_region_ends_with_the_picture_and_padding_has_none():
    levels = np.zeros((4, 4), np.int8)
    levels[0, 1] = levels[3, 3] = 1

    assert find_regions(levels, 16, 16, 30, 40) == [Region(16, 0, 14, 16, 1)]


def test_of_many_regions_the_largest_remain():
    levels = np.zeros((20, 20), np.int8)
    levels[::2, ::2] = 1
    levels[0, 0:3] = 1

    regions = find_regions(levels, 1, 1, 20, 20)

    assert len(regions) == MOST_REGIONS
    assert regions[0] == Region(0, 0, 3, 1, 1)


def test_map_without_marks_gives_no_region():
    assert find_regions(np.zeros((4, 4), np.int8), 16, 16, 64, 64) == []
