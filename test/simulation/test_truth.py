"""Are areas and boxes of identities measured exactly, and groups free of overlap?"""

from __future__ import annotations

import numpy as np

from slim_split_ros.simulation.truth import Patch, measure_patches, separate_groups


def test_patch_is_the_half_open_box_and_area_of_an_identity() -> None:
    """Single pixels, parts that do not touch and the border all count."""
    identities = np.zeros((6, 8), np.uint8)
    identities[2, 3] = 9
    identities[0, 0] = identities[5, 7] = 4

    patches = measure_patches(identities)

    assert patches == {4: Patch(2, 0, 0, 8, 6), 9: Patch(1, 3, 2, 1, 1)}


def test_picture_without_objects_has_no_patches() -> None:
    """Nothing seen is an empty answer, no error."""
    assert measure_patches(np.zeros((4, 4), np.uint8)) == {}


def test_objects_that_may_cover_each_other_come_into_different_groups() -> None:
    """Two in line are parted; a third far to the side joins the first."""
    directions = np.array([[0.0, 1, 0], [0.05, 0.99875, 0], [1.0, 0, 0]])

    groups = separate_groups(directions, np.array([0.1, 0.1, 0.1]))

    assert groups == [[0, 2], [1]]
