"""Does a live message come out of the emulated link when the trace says so?"""

import pytest

from linklab.lab import make_trace
from slim_split_ros.linklab import LivePath


def test_a_message_waits_for_the_one_before_it_and_then_for_the_delay() -> None:
    path = LivePath(make_trace((10.0, 80.0), delay_ms=30.0), seed=0)
    assert path.uplink(1000, 1.0) == pytest.approx(1.13)
    assert path.uplink(1000, 1.0) == pytest.approx(1.23)


def test_the_way_back_has_the_delay_alone() -> None:
    path = LivePath(make_trace((10.0, 80.0), delay_ms=30.0), seed=0)
    assert [path.downlink(1.0), path.downlink(1.0)] == pytest.approx([1.03, 1.03])


def test_nothing_comes_through_a_dead_or_a_full_link() -> None:
    assert LivePath(make_trace((10.0, 0.0)), seed=0).uplink(1000, 1.0) is None
    path = LivePath(make_trace((10.0, 80.0)), seed=0)
    assert [path.uplink(10_000, 1.0) is None, path.uplink(10_000, 1.0) is None] == [False, True]


def test_long_messages_are_lost_more_often_and_the_seed_says_which() -> None:
    trace = make_trace((1000.0, 1e6), loss=0.2)

    def lost(message_bytes: int, seed: int) -> list[bool]:
        path = LivePath(trace, seed)
        return [path.uplink(message_bytes, 0.5 * number) is None for number in range(400)]

    assert lost(1000, 3) == lost(1000, 3) != lost(1000, 4)
    assert sum(lost(1000, 3)) == pytest.approx(80, abs=30)
    assert sum(lost(6000, 3)) == pytest.approx(400 * (1 - 0.8 ** 5), abs=40)
    path = LivePath(trace, 5)
    lost_back = sum(path.downlink(0.5 * number) is None for number in range(400))
    assert lost_back == pytest.approx(80, abs=30)
