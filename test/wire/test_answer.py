"""Tests of the compact answer: what packing costs, and what is refused."""

from __future__ import annotations

from array import array
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from slim_split_ros.wire import FieldError, FrameGeometry, FrameHeader
from slim_split_ros.wire.answer import (
    MOST_DETECTIONS,
    AnswerData,
    pack_answer,
    read_boxes,
    read_names,
    seal_names,
)

HEADER = FrameHeader(
    sender_start_ns=1, sequence=7, geometry=FrameGeometry.fit(640, 480, 416, 32), width=0.5,
    rate=0, fingerprint=3, stamp_ns=5, encode_ms=1.0)


def pack(boxes: list[list[float]], scores: list[float], labels: list[int]) -> AnswerData:
    return pack_answer(
        HEADER, np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32),
        np.array(labels, np.int64), seal_names(['person', 'ball']))


@given(st.lists(st.tuples(*[st.floats(0.0, 1.0, width=32)] * 5), max_size=30))
def test_a_box_moves_by_less_than_a_hundredth_of_a_pixel(rows: list[tuple[float, ...]]) -> None:
    boxes = [[640 * x, 480 * y, 640 * (1 - x) * w, 480 * (1 - y) * h] for x, y, w, h, _ in rows]
    answer = pack(boxes, [row[4] for row in rows], [1] * len(rows))
    assert answer.boxes(640, 480) == pytest.approx(np.array(boxes).reshape(-1, 4), abs=0.011)
    assert answer.scores / 65535 == pytest.approx(np.array([row[4] for row in rows]), abs=1e-5)


def test_a_box_that_leaves_the_image_by_rounding_ends_at_its_border() -> None:
    answer = pack([[600.0, -0.001, 40.001, 480.01]], [1.0000001], [0])
    assert answer.corners.tolist() == [[61439, 0, 65535, 65535]]
    assert answer.scores.tolist() == [65535]


@pytest.mark.parametrize(('corners', 'scores', 'labels', 'complaint'), [
    ([1, 2, 3], [9], [0], 'have 3, 1 and 1 entries'),
    ([1, 2, 3, 4], [9], [], 'have 4, 1 and 0 entries'),
    ([0] * 4 * 1001, [9] * 1001, [0] * 1001, 'scores has 1001 entries, must have at most 1000'),
])
def test_arrays_that_do_not_belong_together_are_refused(
    corners: list[int], scores: list[int], labels: list[int], complaint: str
) -> None:
    with pytest.raises(FieldError, match=complaint):
        read_boxes(*(array('H', values) for values in (corners, scores, labels)))


@pytest.mark.parametrize(('changes', 'complaint'), [
    ({'sequence': 2**32}, 'sequence is 4294967296'),
    ({'stamp_ns': -1}, 'stamp_ns is -1'),
    ({'corners': np.array([[5, 0, 4, 9]], np.uint16)}, 'left or top behind'),
    ({'corners': np.array([[0, 10, 4, 9]], np.uint16)}, 'left or top behind'),
])
def test_a_field_out_of_its_range_is_refused(changes: dict[str, Any], complaint: str) -> None:
    fields: dict[str, Any] = {
        'sender_start_ns': 1, 'stamp_ns': 2, 'sequence': 3, 'class_names': 4,
        'corners': np.zeros((1, 4), np.uint16), 'scores': np.zeros(1, np.uint16),
        'labels': np.zeros(1, np.uint16)}
    with pytest.raises(FieldError, match=complaint):
        AnswerData(**(fields | changes))


def test_as_many_boxes_as_a_server_may_publish_are_read() -> None:
    count = MOST_DETECTIONS
    corners, scores, labels = read_boxes([0] * 4 * count, [1] * count, [2] * count)
    assert corners.shape == (count, 4)
    assert scores.shape == labels.shape == (count,)


def test_names_are_the_same_only_with_the_same_numbers() -> None:
    assert seal_names(('a', '', 'b')) == seal_names(read_names([(2, 'b'), (0, 'a')]))
    assert seal_names(('a', 'b')) != seal_names(('b', 'a'))
    assert seal_names(('a', '', 'b')) != seal_names(('a', 'b'))


@pytest.mark.parametrize(('number', 'name', 'complaint'), [
    (10_000, 'a', 'class_id is 10000, must be 0 to 9999'), (-1, 'a', 'class_id is -1'),
    (0, 'x' * 257, 'at most 256 bytes'), (0, None, 'must be text'),
])
def test_names_out_of_range_are_refused(number: int, name: Any, complaint: str) -> None:
    with pytest.raises(FieldError, match=complaint):
        read_names([(number, name)])
