from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np

from slim_split_ros.offboard.postprocess import NMS_IOU, Candidates, select_detections
from slim_split_ros.wire.geometry import FrameGeometry

GEOMETRY = FrameGeometry(640, 480, 416, 320)


def candidates(*rows):
    """Take rows (x0, y0, x1, y1, score, label)."""
    table = np.array(rows, np.float64).reshape(-1, 6)
    return Candidates(
        table[:, :4].astype(np.float32), table[:, 4].astype(np.float32),
        table[:, 5].astype(np.int64))


def select(found, score_threshold=0.3, max_detections=100):
    return select_detections(found, GEOMETRY, score_threshold, max_detections)


def test_boxes_come_back_in_pixels_of_the_image():
    detections = select(candidates((65, 130, 195, 260, 0.9, 2)))

    np.testing.assert_allclose(detections.boxes, [[100, 200, 200, 200]], rtol=1e-5)
    assert detections.boxes.dtype == np.float32
    assert detections.labels.tolist() == [2]


def test_the_last_row_that_the_image_covers_is_the_image_s_last():
    # 1300 rows at 416 of 1920 are 281.67, of which the input has 282.
    geometry = FrameGeometry(1920, 1300, 416, 288)

    found = select_detections(candidates((0, 141, 416, 281, 0.9, 0)), geometry, 0.3, 100)

    np.testing.assert_allclose(
        found.boxes, [[0, 141 / 282 * 1300, 1920, 140 / 282 * 1300]], rtol=1e-5)


def test_doubles_of_a_class_fall_and_those_of_another_class_stay():
    detections = select(candidates(
        (10, 10, 50, 50, 0.9, 0), (11, 11, 51, 51, 0.8, 0), (11, 11, 51, 51, 0.7, 1)))

    assert detections.labels.tolist() == [0, 1]


def test_a_box_falls_only_to_a_better_one_that_stays():
    # Each overlaps the next; the second falls to the first, so the third has nobody to fall to.
    detections = select(candidates(
        (0, 0, 100, 10, 0.9, 0), (20, 0, 120, 10, 0.8, 0), (40, 0, 140, 10, 0.7, 0)))

    np.testing.assert_allclose(detections.scores, [0.9, 0.7], rtol=1e-6)


def test_boxes_are_clipped_to_the_image_and_dropped_outside_it():
    detections = select(candidates(
        (-50, -50, 65, 65, 0.9, 0), (0, 313, 400, 320, 0.8, 0), (500, 0, 600, 10, 0.7, 0)))

    np.testing.assert_allclose(detections.boxes, [[0, 0, 100, 100]], rtol=1e-5)


def test_low_scores_and_surplus_are_left_out():
    rows = [(20 * i, 0, 20 * i + 10, 10, 0.9 - 0.1 * i, 0) for i in range(8)]

    assert len(select(candidates(*rows), score_threshold=0.45)) == 5
    assert len(select(candidates(*rows), max_detections=3)) == 3


def test_what_is_no_box_is_dropped():
    inf, nan = np.inf, np.nan

    detections = select(candidates(
        (nan, 0, 10, 10, 0.9, 0), (0, 0, inf, 10, 0.9, 0), (20, 20, 10, 30, 0.9, 0),
        (5, 5, 5, 9, 0.9, 0), (0, 0, 10, 10, nan, 0)))

    assert len(detections) == 0
    assert detections.boxes.shape == (0, 4)


def test_no_candidates_give_no_detections():
    assert len(select(candidates())) == 0


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=100)
def test_it_keeps_what_suppression_box_by_box_keeps(seed):
    generator = np.random.default_rng(seed)
    corner = generator.uniform(0, 120, (60, 2))
    boxes = np.concatenate([corner, corner + generator.uniform(20, 90, (60, 2))], axis=1)
    scores = np.sort(generator.uniform(0.3, 1, 60))[::-1]
    found = candidates(*np.column_stack([boxes, scores, generator.integers(0, 2, 60)]))

    detections = select(found)

    np.testing.assert_array_equal(detections.scores, found.scores[greedy(found)])


def greedy(found):
    """Return the indices that the textbook's loop keeps."""
    kept = []
    for index, (box, label) in enumerate(zip(found.boxes, found.labels, strict=True)):
        others = [other for other in kept if found.labels[other] == label]
        if all(iou(box, found.boxes[other]) <= NMS_IOU for other in others):
            kept.append(index)
    return kept


def iou(one, other):
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)
