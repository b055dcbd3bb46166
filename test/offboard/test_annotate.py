import numpy as np
import pytest

from slim_split_ros.detectors.detections import Detections
from slim_split_ros.offboard.annotate import CANVAS_GREY, draw_detections, new_canvas
from slim_split_ros.wire.geometry import FrameGeometry

CLASSES = ('person', 'robot', 'ball', 'goal_post')


def detections(*boxes, label=2):
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), 0.5, np.float32),
        np.full(len(boxes), label, np.int64))


def test_the_canvas_has_the_size_of_the_camera_image():
    canvas = new_canvas(FrameGeometry(640, 480, 416, 320))

    assert canvas.shape == (480, 640, 3)
    assert np.all(canvas == CANVAS_GREY)


def test_a_box_is_drawn_at_its_edges_and_its_inside_stays_free():
    canvas = new_canvas(FrameGeometry(640, 480, 416, 320))

    draw_detections(canvas, detections((100, 200, 150, 80)), CLASSES)

    assert np.all(canvas[240, 100] != CANVAS_GREY)
    assert np.all(canvas[279, 180] != CANVAS_GREY)
    assert np.all(canvas[230:270, 110:240] == CANVAS_GREY)


@pytest.mark.parametrize(
    'box', [(0, 0, 640, 480), (639, 479, 1, 1), (0, 0, 1, 1), (600, 0, 40, 5), (-5, -5, 9, 9)])
def test_boxes_at_the_edge_are_drawn_with_their_label_inside_the_picture(box):
    canvas = new_canvas(FrameGeometry(640, 480, 416, 320))

    draw_detections(canvas, detections(box), CLASSES)

    assert np.count_nonzero(canvas != CANVAS_GREY) > 500


@pytest.mark.parametrize('strange', [np.nan, np.inf, -1e30])
def test_a_box_that_no_detector_gives_ends_nothing_and_leaves_the_others(strange):
    boxes = np.array([[strange, 5, strange, 5], [5, 30, 20, 20]], np.float32)
    found = Detections(boxes, np.array([0.9, 0.8], np.float32), np.array([0, 1]))

    canvas = draw_detections(new_canvas(FrameGeometry(64, 64, 416, 416)), found, CLASSES)

    assert np.all(canvas[49, 10:20] != CANVAS_GREY)


def test_classes_have_colours_of_their_own():
    pictures = [
        draw_detections(
            new_canvas(FrameGeometry(64, 64, 416, 416)), detections((5, 30, 20, 20), label=label),
            CLASSES).tobytes()
        for label in range(4)]

    assert len(set(pictures)) == 4


def test_nothing_found_leaves_the_canvas_as_it_was():
    canvas = new_canvas(FrameGeometry(64, 48, 416, 320))

    draw_detections(canvas, detections(), CLASSES)

    assert np.all(canvas == CANVAS_GREY)
