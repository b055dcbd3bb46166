"""Are detections of a picture counted as right exactly when they cover their own object?"""

import doctest

import numpy as np
import pytest

from slim_split_ros.evaluation.figures import matching
from slim_split_ros.evaluation.figures.matching import (
    MatchCount,
    NamedBoxes,
    box_iou,
    count_matches,
)


def boxes(*entries):
    """Take (name, score, x, y, w, h) for each box."""
    return NamedBoxes(
        np.array([entry[2:] for entry in entries], float).reshape(-1, 4),
        tuple(entry[0] for entry in entries), tuple(entry[1] for entry in entries))


def test_example_in_docstring_runs():
    assert doctest.testmod(matching).failed == 0


def test_half_covered_box_matches_and_less_does_not():
    truth = boxes(('ball', 1, 0, 0, 10, 10))

    exactly_half = count_matches(boxes(('ball', .9, 0, 0, 10, 5)), truth, 0.5)
    less = count_matches(boxes(('ball', .9, 0, 0, 10, 4.9)), truth, 0.5)

    assert exactly_half.matched == 1
    assert less.matched == 0


def test_box_of_another_class_does_not_match():
    truth = boxes(('ball', 1, 0, 0, 10, 10))

    assert count_matches(boxes(('robot', .9, 0, 0, 10, 10)), truth, 0.5) == MatchCount(0, 1, 1)


def test_better_score_takes_the_object_first():
    truth = boxes(('robot', 1, 0, 0, 10, 10), ('robot', 1, 4, 0, 10, 10))
    # The weak one covers only the first object; the strong one covers the first better.
    found = boxes(('robot', .4, 0, 0, 10, 10), ('robot', .9, 1, 0, 10, 10))

    assert count_matches(found, truth, 0.5).matched == 1
    assert count_matches(found, truth, 0.5).objects == 2


@pytest.mark.parametrize(('found', 'truth', 'expected'), [
    (boxes(), boxes(), MatchCount(0, 0, 0)),
    (boxes(), boxes(('ball', 1, 0, 0, 4, 4)), MatchCount(0, 0, 1)),
    (boxes(('ball', 1, 0, 0, 4, 4)), boxes(), MatchCount(0, 1, 0)),
])
def test_empty_pictures_are_counted(found, truth, expected):
    assert count_matches(found, truth, 0.5) == expected


def test_iou_of_empty_and_touching_boxes_is_zero():
    assert box_iou([[0, 0, 0, 0]], [[0, 0, 0, 0]]).item() == 0.0
    assert box_iou([[0, 0, 10, 10]], [[10, 0, 10, 10]]).item() == 0.0


def test_boxes_without_their_names_are_refused():
    with pytest.raises(ValueError, match='1 boxes, 0 names and 1 scores'):
        NamedBoxes(np.zeros((1, 4)), (), (1.0,))
