from math import inf
from pathlib import Path

import pytest

from slim_split_ros.linklab import TableError, parse_trace, read_trace, read_traces, with_loss

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
    ('', 'line 1: the header'), ('a,b\n0,1\n', 'line 1: the header'), (HEADER, 'no rows'),
    (HEADER + '0,1,2\n', 'line 2: "0,1,2" has 3 fields'), (HEADER + '0,x,2,0\n', 'is "x"'),
    (HEADER + '-1,5,2,0\n', 'line 2: t_s is "-1"'),
    (HEADER + '0,-5,2,0\n', 'rate_kbps is "-5"'), (HEADER + '0,1e400,2,0\n', 'is "1e400"'),
    (HEADER + '0,1e12,2,0\n', 'rate_kbps is "1e12"'),
    (HEADER + '0,5,nan,0\n', 'delay_ms is "nan"'), (HEADER + '0,5,1e9,0\n', 'is "1e9"'),
    (HEADER + '0,5,2,1.5\n', 'loss is "1.5"'),
    (HEADER + '0,5,2,0\n0,5,2,0\n', 'line 3: t_s 0.0 does not come after 0.0; sort'),
    (HEADER + '0,5,2,0\n1e9,5,2,0\n', 'line 3: t_s 1000000000.0 is more than a day'),
    (HEADER + '0,5,2,0\n1e-300,5,2,0\n', 'cover 2e-300 s, at least 0.1 s')])
def test_a_wrong_trace_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(TableError) as caught:
        parse_trace(text, 'wrong')
    assert message in str(caught.value)


def test_times_may_begin_anywhere() -> None:
    trace = parse_trace(HEADER + '1.7e9,8,20,0\n1700000001,0,20,0\n', 'epoch')
    assert (trace.duration_s, trace.bits_until(1.5)) == (2.0, 8000.0)


def test_a_file_is_named_in_full_where_it_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / 'wrong.csv'
    path.write_text(HEADER + '0,5,2,-1\n')
    with pytest.raises(TableError) as caught:
        read_trace(path)
    assert f'{path}, line 2: loss is "-1"' in str(caught.value)


def test_a_folder_gives_its_traces_by_name_but_hidden_ones(tmp_path: Path) -> None:
    for name in ('b.csv', 'a.CSV', 'notes.txt'):
        (tmp_path / name).write_text(HEADER + '0,5,2,0\n')
    (tmp_path / '._a.csv').write_bytes(b'\0\5\26\7')
    assert [trace.name for trace in read_traces([tmp_path])] == ['a', 'b']


def test_a_folder_without_traces_says_so(tmp_path: Path) -> None:
    with pytest.raises(TableError, match='no .csv'):
        read_traces([tmp_path])


def test_the_loss_of_a_trace_can_be_replaced_by_one_chance() -> None:
    trace = parse_trace('t_s,rate_kbps,delay_ms,loss\n0,100,0,0.5\n1,200,0,0\n', 'a')
    lossy = with_loss(trace, 0.2)
    assert (lossy.loss(0.5), lossy.loss(1.5), lossy.bits_until(2.0)) == (0.2, 0.2, 300_000.0)
    with pytest.raises(TableError, match='loss is 1.5, it has to be a chance from 0 to 1'):
        with_loss(trace, 1.5)
