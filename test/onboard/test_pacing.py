"""Tests of which frames target_fps lets through."""

from __future__ import annotations

import random

import pytest

from slim_split_ros.onboard.pacing import Pacer


def admitted(times_s: list[float], target_fps: float) -> int:
    pacer = Pacer()
    return sum(pacer.admit(now_s, target_fps) for now_s in times_s)


def test_a_camera_at_the_target_loses_nothing_though_frames_come_late() -> None:
    lateness = random.Random(1)
    times_s = [index / 10 + lateness.uniform(0, 0.08) for index in range(600)]
    assert admitted(times_s, target_fps=10.0) == 600


def test_a_stalled_camera_loses_nothing_when_two_frames_come_together() -> None:
    times_s = [0.0, 0.1, 0.3, 0.301, 0.4, 0.5, 0.6]
    assert admitted(times_s, target_fps=10.0) == 7


@pytest.mark.parametrize('camera_fps', [15.0, 30.0, 60.0])
def test_a_faster_camera_is_held_to_the_target(camera_fps: float) -> None:
    times_s = [index / camera_fps for index in range(int(20 * camera_fps))]
    assert admitted(times_s, target_fps=10.0) == pytest.approx(200, abs=4)


def test_a_clock_that_stands_still_admits_no_flood() -> None:
    assert admitted([5.0] * 100, target_fps=10.0) == 2
