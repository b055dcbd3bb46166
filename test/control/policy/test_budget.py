import pytest

from slim_split_ros.control.policy.budget import BitrateBudget


@pytest.mark.parametrize('ceiling_bps', [20_000.0, 100_000.0, 1_000_000.0])
def test_no_second_carries_more_than_the_ceiling(ceiling_bps: float) -> None:
    budget = BitrateBudget()
    budget.configure(ceiling_bps, interval_s=0.1, least_bits=4000.0)
    sent: list[tuple[float, float]] = []
    for step in range(1000):
        now_s = step * 0.01
        bits = min(budget.left_bits(now_s), ceiling_bps)
        if bits >= 4000.0:
            budget.spend(bits, now_s)
            sent.append((now_s, bits))
        assert sum(b for t, b in sent if t > now_s - 1.0) <= ceiling_bps + 1e-6
    assert sum(b for _, b in sent) > 0.7 * ceiling_bps * 10.0


def test_without_ceiling_nothing_is_counted() -> None:
    budget = BitrateBudget()
    budget.spend(1e9, 0.0)
    assert not budget.is_set


def test_a_clock_that_goes_back_gives_nothing() -> None:
    budget = BitrateBudget()
    budget.configure(80_000.0, 0.1, 4000.0)
    budget.spend(budget.left_bits(10.0), 10.0)
    assert budget.left_bits(5.0) == 0.0
