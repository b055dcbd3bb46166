"""Tests of how long nothing came back: only frames that were sent are waited for."""

from __future__ import annotations

import pytest

from slim_split_ros.ros.health.deliveries import Deliveries

pytestmark = pytest.mark.ros

SERVER = 7


def send(deliveries: Deliveries, first_s: int, end_s: int) -> None:
    """Send a frame every second."""
    for now_s in range(first_s, end_s):
        deliveries.sent(now_s, float(now_s))


def test_frames_without_a_report_are_silence_for_as_long_as_they_are_sent() -> None:
    deliveries = Deliveries()
    send(deliveries, 0, 30)
    assert deliveries.silence_s(29.5) == 29.5


def test_a_robot_that_sends_nothing_hears_no_silence_when_its_server_stops_reporting() -> None:
    deliveries = Deliveries()
    send(deliveries, 0, 10)
    for tenth in range(100):    # the server reports on for 10 s
        deliveries.reported([9], SERVER, 9.05 + 0.1 * tenth)
    assert [deliveries.silence_s(now_s) for now_s in (12.0, 18.0, 23.0, 60.0)] == [0.0] * 4


def test_the_last_frame_before_a_pause_is_waited_for_as_long_as_it_is_recent() -> None:
    deliveries = Deliveries()
    deliveries.sent(0, 0.0)
    assert (deliveries.silence_s(4.0), deliveries.silence_s(5.5)) == (4.0, 0.0)


def test_a_pause_is_no_silence_of_what_is_sent_after_it() -> None:
    deliveries = Deliveries()
    deliveries.sent(0, 0.0)
    deliveries.sent(1, 60.0)
    assert deliveries.silence_s(61.0) == 1.0


def test_a_report_ends_the_silence() -> None:
    deliveries = Deliveries()
    send(deliveries, 0, 10)
    deliveries.reported([9], SERVER, 9.5)
    deliveries.sent(10, 10.0)
    assert deliveries.silence_s(10.5) == 0.5
