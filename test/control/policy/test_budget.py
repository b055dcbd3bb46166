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
    budget.configure(80_000.0, 0.1, 4000.0)
    assert budget.left_bits(0.0) == 8000.0


@pytest.mark.parametrize('least_bits', [24_000.0, 48_000.0])
def test_frames_that_alone_exceed_the_ceiling_of_a_second_keep_its_mean(
    least_bits: float
) -> None:
    budget = BitrateBudget()
    budget.configure(15_000.0, interval_s=0.1, least_bits=least_bits)
    sent = 0.0
    for step in range(3000):
        now_s = step * 0.01
        if budget.allows(24_000.0, now_s):
            budget.spend(24_000.0, now_s)
            sent += 24_000.0
    assert 0.7 * 15_000.0 * 30.0 <= sent <= 15_000.0 * 30.0 + least_bits


def test_a_clock_that_goes_back_gives_nothing() -> None:
    budget = BitrateBudget()
    budget.configure(80_000.0, 0.1, 4000.0)
    budget.spend(budget.left_bits(10.0), 10.0)
    assert budget.left_bits(5.0) == 0.0
