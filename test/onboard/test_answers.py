"""Tests of matching answers with the frames that were sent."""

from __future__ import annotations

import numpy as np

from slim_split_ros.onboard import AnswerBook, AnswerDrop, Expected
from slim_split_ros.wire import FrameGeometry, FrameHeader
from slim_split_ros.wire.answer import AnswerData

NONE = np.zeros(0, np.uint16)


def header(sequence: int, stamp_ns: int = 10) -> FrameHeader:
    return FrameHeader(
        sender_start_ns=1, sequence=sequence, geometry=FrameGeometry.fit(640, 480, 416, 32),
        width=0.5, rate=0, fingerprint=3, stamp_ns=stamp_ns, encode_ms=1.0)


def answer(sequence: int, stamp_ns: int = 10) -> AnswerData:
    return AnswerData(1, stamp_ns, sequence, 0, NONE.reshape(0, 4), NONE, NONE)


def test_an_answer_finds_its_frame_once() -> None:
    book = AnswerBook()
    book.expect(header(0), 1.5)
    book.expect(header(1), 2.5)
    assert book.take(answer(1)) == Expected(header(1), 2.5)
    assert book.take(answer(0)) == Expected(header(0), 1.5)  # overtaken, and good all the same
    assert book.take(answer(1)) is AnswerDrop.DUPLICATE


def test_an_answer_to_no_frame_is_unknown() -> None:
    book = AnswerBook()
    book.expect(header(0), 1.0)
    assert book.take(answer(1)) is AnswerDrop.UNKNOWN
    assert book.take(answer(0, stamp_ns=11)) is AnswerDrop.UNKNOWN
    assert isinstance(book.take(answer(0)), Expected)


def test_frames_are_forgotten_so_that_memory_is_bounded() -> None:
    book = AnswerBook()
    for sequence in range(1000):
        book.expect(header(sequence), 0.0)
    assert book.take(answer(743)) is AnswerDrop.UNKNOWN
    assert isinstance(book.take(answer(744)), Expected)
