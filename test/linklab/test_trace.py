from math import inf

import pytest

from slim_split_ros.linklab.errors import TraceError
from slim_split_ros.linklab.trace import parse_trace

HEADER = 't_s,rate_kbps,delay_ms,loss\n'


def test_capacity_adds_up_and_inverts_over_repetitions() -> None:
    trace = parse_trace(HEADER + '0,8,20,0\n1,0,30,0\n2,16,40,0\n', 'three')
    assert trace.duration_s == 3.0
    assert trace.bits_until(7.5) == pytest.approx(2 * 24_000 + 8000)
    for bits in (1.0, 8000.0, 8001.0, 24_000.0, 24_001.0, 50_000.0):
        time_s = trace.time_of_bits(bits)
        assert trace.bits_until(time_s) == pytest.approx(bits)
        assert trace.bits_until(time_s - 1e-6) < bits


def test_a_step_that_carries_nothing_ends_before_it_begins() -> None:
    trace = parse_trace(HEADER + '0,8,20,0\n1,0,30,0\n2,16,40,0\n', 'gap')
    assert trace.time_of_bits(8000.0) == pytest.approx(1.0)
    assert trace.time_of_bits(8016.0) == pytest.approx(2.001)


def test_delay_and_loss_follow_the_rows() -> None:
    trace = parse_trace(HEADER + '0,8,20,0\n1,8,30,0.5\n', 'two')
    assert [trace.delay_s(t) for t in (0.5, 1.5, 2.5)] == [0.02, 0.03, 0.02]
    assert trace.loss(3.5) == 0.5


def test_a_link_that_never_carries_anything_never_finishes() -> None:
    assert parse_trace(HEADER + '0,0,20,0\n', 'dead').time_of_bits(1.0) == inf


@pytest.mark.parametrize('text, message', [
    ('', 'first line'), ('a,b\n0,1\n', 'first line'), (HEADER, 'no rows'),
    (HEADER + '0,1,2\n', 'line 2: has 3 fields'), (HEADER + '0,x,2,0\n', 'no number'),
    (HEADER + '0,-5,2,0\n', 'rate_kbps is -5'), (HEADER + '0,5,nan,0\n', 'delay_ms is nan'),
    (HEADER + '0,5,2,1.5\n', 'loss is 1.5'),
    (HEADER + '0,5,2,0\n0,5,2,0\n', 'line 3: t_s')])
def test_a_wrong_trace_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(TraceError, match=message):
        parse_trace(text, 'wrong')
