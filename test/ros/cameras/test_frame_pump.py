"""Tests of publishing frames at their times."""

from __future__ import annotations

from collections.abc import Iterator
import threading
import time

from slim_split_ros.ros.cameras.frame_pump import FramePump, TimedFrame
from support.processes import wait_until

LIMIT_S = 60.0


def run_pump(frames: Iterator[TimedFrame[int]]) -> tuple[list[float], list[Exception | None]]:
    """Run a pump to its end and return when it published, and how it ended."""
    times_s: list[float] = []
    ends: list[Exception | None] = []
    pump = FramePump(frames, lambda frame: times_s.append(time.monotonic()), ends.append)
    pump.start()
    wait_until(lambda: bool(ends), LIMIT_S, 'the end')
    pump.stop()
    return times_s, ends


def test_frames_are_published_when_they_are_due() -> None:
    started_s = time.monotonic()
    times_s, ends = run_pump(TimedFrame(index * 0.05, index) for index in range(5))
    assert ends == [None]
    assert times_s[-1] - started_s >= 0.2


def test_a_late_frame_shifts_those_after_it_instead_of_a_burst() -> None:
    def frames() -> Iterator[TimedFrame[int]]:
        for index in range(4):
            if index == 1:
                time.sleep(0.2)  # a renderer that stalls
            yield TimedFrame(index * 0.05, index)

    times_s, _ = run_pump(frames())
    # In a burst these two would follow at once: all were due before the stall ended.
    assert times_s[3] - times_s[1] >= 0.05


def test_what_the_source_raises_reaches_the_node() -> None:
    def frames() -> Iterator[TimedFrame[int]]:
        yield TimedFrame(0.0, 0)
        raise ValueError('cut')

    times_s, ends = run_pump(frames())
    assert len(times_s) == 1
    assert [str(error) for error in ends] == ['cut']


def test_stopping_does_not_wait_until_the_next_frame_is_due() -> None:
    published = threading.Event()
    frames = (TimedFrame(index * 3600.0, index) for index in range(2))
    pump = FramePump(frames, lambda frame: published.set(), lambda error: None)
    pump.start()
    assert published.wait(LIMIT_S)
    pump.stop()
    # The next frame is due after an hour.
    wait_until(lambda: not any(thread.name == 'pump' for thread in threading.enumerate()),
               LIMIT_S, 'the end of its thread')


def test_the_first_frame_is_published_at_once_whenever_it_was_recorded() -> None:
    started_s = time.monotonic()
    times_s, _ = run_pump(iter([TimedFrame(1000.0, 0)]))
    assert times_s[0] - started_s < 500.0
