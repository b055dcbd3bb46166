"""Tests of the turns by service time, in virtual time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
import doctest

import pytest

from slim_split_ros.offboard import turns as module
from slim_split_ros.offboard.turns import LEAST_S, MOST_DEBT_S, ROUND_S, ServiceTurns


def serve(costs_s: Mapping[str, float], seconds: float, turns: ServiceTurns[str] | None = None
          ) -> Counter[str]:
    """Serve those that always wait, each at its cost; return the time that each got."""
    turns = turns or ServiceTurns()
    got_s: Counter[str] = Counter()
    last = dict.fromkeys(costs_s, 0.0)
    while (now_s := sum(got_s.values())) < seconds:
        chosen = min(turns.of_round(list(costs_s)), key=last.__getitem__)
        turns.charge(chosen, costs_s[chosen])
        got_s[chosen] += costs_s[chosen]
        last[chosen] = now_s
    return got_s


@pytest.mark.parametrize('costs_s', [
    {'a': 0.02, 'b': 0.02, 'c': 0.02, 'd': 0.02},
    {'a': 0.01, 'b': 0.02, 'c': 0.04, 'd': 0.16},
    {'cheap': 0.002, 'dear': 0.4},
])
def test_who_always_waits_gets_the_same_time_whatever_a_frame_costs(
    costs_s: dict[str, float]
) -> None:
    got_s = serve(costs_s, 20.0)
    assert min(got_s.values()) >= 0.95 * max(got_s.values())


def test_one_that_is_alone_is_always_served() -> None:
    turns = ServiceTurns[str]()
    for _ in range(10):
        assert turns.of_round(['a']) == ['a']
        turns.charge('a', 30 * ROUND_S)


def test_nobody_is_chosen_while_nobody_waits() -> None:
    assert ServiceTurns[str]().of_round([]) == []


def test_what_was_not_wanted_is_saved_for_one_round_at_most() -> None:
    turns = ServiceTurns[str]()
    turns.of_round(['idle'])
    serve({'busy': 0.05}, 10.0, turns)
    got_s = serve({'idle': 0.05, 'busy': 0.05}, 4.0, turns)
    assert got_s['idle'] - got_s['busy'] <= 2 * ROUND_S + 1e-9


def test_who_joins_again_and_again_gains_nothing() -> None:
    turns = ServiceTurns[str]()
    got_s: Counter[str] = Counter()
    for number in range(1000):
        stranger = f'stranger {number}'
        chosen = turns.of_round(['robot', stranger])[0]
        turns.charge(chosen, 0.05)
        got_s['robot' if chosen == 'robot' else 'strangers'] += 0.05
        turns.forget(stranger)
    assert got_s['robot'] >= got_s['strangers']


def test_one_frame_that_took_long_costs_its_sender_a_second_at_most() -> None:
    turns = ServiceTurns[str]()
    turns.of_round(['unlucky', 'other'])
    turns.charge('unlucky', 30.0)
    got_s = serve({'unlucky': 0.05, 'other': 0.05}, 4.0, turns)
    assert got_s['other'] - got_s['unlucky'] <= MOST_DEBT_S + 2 * ROUND_S + 1e-9


def test_who_is_not_among_the_present_has_no_account() -> None:
    turns = ServiceTurns[str]()
    turns.of_round(['here', 'gone'])
    for key in ('here', 'gone'):
        turns.charge(key, 0.5)
    turns.keep(['here'])
    assert turns.of_round(['here', 'gone']) == ['gone']


def test_what_costs_nothing_is_charged_all_the_same() -> None:
    turns = ServiceTurns[str]()
    turns.of_round(['robot', 'nonsense'])
    for _ in range(round(ROUND_S / LEAST_S) + 1):
        turns.charge('nonsense', 0.0)
    assert turns.of_round(['robot', 'nonsense']) == ['robot']


def test_examples_in_the_docstring_give_what_they_say() -> None:
    result = doctest.testmod(module)
    assert (result.attempted > 0, result.failed) == (True, 0)
