import pytest

from slim_split_ros.linklab.link import LEAST_QUEUE_BYTES, Link, Packets
from slim_split_ros.linklab.trace import parse_trace

HEADER = 't_s,rate_kbps,delay_ms,loss\n'


def make_link(kbps: float = 80.0) -> Link:
    return Link(parse_trace(f'{HEADER}0,{kbps},20,0\n', 'constant'))


def test_messages_are_served_in_order_at_the_rate() -> None:
    link = make_link()
    assert link.send(1000, 1.0) == pytest.approx(1.1)
    assert link.send(1000, 1.0) == pytest.approx(1.2)
    assert link.backlog_bytes(1.1) == pytest.approx(1000.0)


def test_capacity_that_was_not_used_is_lost() -> None:
    link = make_link()
    link.send(1000, 0.0)
    assert link.send(1000, 50.0) == pytest.approx(50.1)


def test_a_datagram_that_does_not_fit_is_dropped_and_with_it_its_message() -> None:
    link = make_link()
    for _ in range(15):
        assert link.send(1000, 5.0) is not None
    assert link.send(1000, 5.0) is None
    assert link.backlog_bytes(5.0) == pytest.approx(15_000.0)


def test_datagrams_before_the_one_that_was_dropped_still_take_their_time() -> None:
    link = make_link()
    link.send(13_000, 5.0)
    assert link.send(3000, 5.0) is None
    assert link.backlog_bytes(5.0) == pytest.approx(13_000.0 + 1200.0 + 600.0)


def test_a_fast_link_keeps_one_second() -> None:
    link = make_link(800.0)
    assert link.queue_limit_bytes(10.0) == pytest.approx(100_000.0)
    assert make_link(8.0).queue_limit_bytes(10.0) == LEAST_QUEUE_BYTES


@pytest.mark.parametrize('size, count', [(1, 1), (1200, 1), (1201, 2), (3600, 3)])
def test_messages_are_cut_into_datagrams(size: int, count: int) -> None:
    assert Packets().count(size) == count
