from slim_split_ros.control.policy.width_trials import WidthTrials


def climb(trials: WidthTrials, now_s: float, capacity_bps: float) -> float:
    """Give when the width may grow, asking ten times a second."""
    limit_s = now_s + 60.0
    while now_s < limit_s:
        if trials.may_change(0.5, 0.2, True, now_s, capacity_bps):
            trials.settle(0.5, now_s, capacity_bps)
            return now_s
        now_s += 0.1
    raise AssertionError('the width never grew')


def test_narrower_is_immediate() -> None:
    trials = WidthTrials()
    trials.settle(1.0, 0.0, 1e6)
    assert trials.may_change(0.25, 0.2, False, 0.1, 1e6)


def test_a_busy_picture_alone_does_not_narrow_a_width_that_the_link_sustains() -> None:
    trials = WidthTrials()
    trials.settle(1.0, 0.0, 1e6)
    assert not trials.may_change(0.75, 0.1, True, 0.1, 1e6)


def test_on_a_constant_link_failed_trials_become_rare() -> None:
    trials, now_s, waits = WidthTrials(), 1.0, []
    trials.settle(0.25, 0.0, 1e6)
    for _ in range(8):
        grown_s = climb(trials, now_s, 1e6)
        waits.append(grown_s - now_s)
        now_s = grown_s + 0.5
        trials.settle(0.25, now_s, 1e6)
    assert waits[-1] > 10.0 * max(waits[0], 0.1)


def test_a_link_that_got_better_is_tried_at_once() -> None:
    trials, now_s = WidthTrials(), 1.0
    trials.settle(0.25, 0.0, 1e6)
    for _ in range(8):
        now_s = climb(trials, now_s, 1e6) + 0.5
        trials.settle(0.25, now_s, 1e6)
    assert climb(trials, now_s, 2e6) - now_s < 0.5
