import doctest

import pytest

from linklab.lab import make_trace
from slim_split_ros.linklab import TraceShare, share
from slim_split_ros.linklab.link import Link


def test_the_example_of_the_module_holds() -> None:
    assert doctest.testmod(share).failed == 0


def test_the_shares_of_a_cell_carry_together_what_the_cell_does() -> None:
    cell = make_trace((3.0, 400.0), (2.0, 0.0), (5.0, 1000.0))
    shares = [TraceShare(cell, 2.5, robots=4) for _ in range(4)]
    carried = sum(each.bits_until(6.0) for each in shares)
    assert carried == pytest.approx(cell.bits_until(8.5) - cell.bits_until(2.5))


@pytest.mark.parametrize('begin_s', [0.0, 3.7, 9.95, 23.4])
def test_a_link_over_a_share_is_one_over_the_trace_from_there_on(begin_s: float) -> None:
    cell = make_trace((3.0, 400.0), (2.0, 0.0), (5.0, 1000.0))
    whole, part = Link(cell), Link(TraceShare(cell, begin_s))
    for sent_s in (0.0, 0.4, 3.0, 8.2, 30.0):
        assert part.send(5000, sent_s) == pytest.approx(
            whole.send(5000, begin_s + sent_s) - begin_s)
