"""Tests of frame counts and of the throttle beside them."""

from __future__ import annotations

import pytest
import rclpy

from slim_split_ros.ros.health.diagnostics import (
    Diagnostics,
    FrameCounters,
    Throttle,
    newest_sentences,
)


def test_counts_add_up_by_reason() -> None:
    counts = FrameCounters()
    for _ in range(3):
        counts.came()
    counts.dropped('bad_image')
    assert counts.dropped('bad_image', 2) == 3
    counts.dropped('encoder_busy', 0)
    counts.sent(500, now_s=1.0)
    counters = counts.snapshot(now_s=1.0)
    assert (counters.frames_in, counters.frames_sent) == (3, 1)
    assert dict(counters.dropped) == {'bad_image': 3}


def test_the_bitrate_is_of_the_last_second() -> None:
    counts = FrameCounters()
    for tenth in range(30):
        counts.sent(1000, now_s=tenth / 10)
    assert counts.snapshot(now_s=2.95).rate_kbps == 80.0
    assert counts.snapshot(now_s=9.0).rate_kbps == 0.0


def test_each_kind_of_complaint_is_throttled_by_itself() -> None:
    throttle = Throttle(period_s=5.0)
    assert throttle.admits('cut', 0.0)
    assert throttle.admits('flipped', 1.0)
    assert not throttle.admits('cut', 4.9)
    assert throttle.admits('cut', 5.0)


@pytest.mark.ros
def test_of_several_robots_the_newest_sentence_counts(ros: None) -> None:
    node = rclpy.create_node('diagnosed')
    try:
        red, blue = (Diagnostics(node, FrameCounters(), name) for name in ('red', 'blue'))
        blue.dropped('payload', 'frame 1 dropped')
        red.dropped('payload', 'frame 2 dropped')
        assert newest_sentences([red, blue]) == newest_sentences([blue, red]) == {
            'payload': 'red: frame 2 dropped'}
    finally:
        node.destroy_node()
