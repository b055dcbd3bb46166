"""Tests of which replica keeps whose video."""

from __future__ import annotations

from collections import Counter

from slim_split_ros.fleet.places import FORGET_S, RETRY_S, SILENT_S, Places

NAMES = [f'video{number}' for number in range(8)]


def ask_all(
    places: Places, replicas: list[str], now_s: float, deaf: str = ''
) -> dict[str, str]:
    """Give each name a place; each replica but a deaf one takes what it is asked."""
    keepers = {name: places.keeper(name, replicas, now_s) for name in NAMES}
    for replica in set(replicas) - {deaf}:
        places.heard(replica)
    return keepers


def test_a_place_stays_and_replicas_keep_as_many_each() -> None:
    places = Places()

    keepers = [ask_all(places, ['a', 'b'], now_s) for now_s in (0.0, 1.0, 2.0)]

    assert keepers[0] == keepers[1] == keepers[2]
    assert Counter(keepers[0].values()) == {'a': 4, 'b': 4}


def test_what_a_dead_replica_kept_moves_and_its_successor_gets_its_part() -> None:
    places = Places()
    before = ask_all(places, ['a', 'b'], 0.0)

    alone = ask_all(places, ['a'], 1.0)
    again = [ask_all(places, ['a', 'c'], now_s) for now_s in (2.0, 3.0, 4.0)]

    assert set(before.values()) == {'a', 'b'} and set(alone.values()) == {'a'}
    assert again[1] == again[2]
    assert Counter(again[2].values()) == {'a': 4, 'c': 4}


def test_who_is_silent_is_forgotten() -> None:
    places = Places()
    ask_all(places, ['a', 'b'], 0.0)

    keepers = {places.keeper(name, ['b', 'c'], FORGET_S + 1) for name in NAMES[:2]}

    assert keepers == {'b', 'c'}


def test_nodes_that_know_nothing_of_each_other_do_not_all_begin_with_one_replica() -> None:
    keepers = Counter(Places().keeper(f'video{number}', ['a', 'b'], 0.0) for number in range(64))

    assert min(keepers['a'], keepers['b']) > 16


def test_a_replica_that_takes_nothing_loses_its_places_to_one_that_does() -> None:
    places, late_s = Places(), 1.1 * SILENT_S
    before = ask_all(places, ['a', 'b'], 0.0, deaf='a')

    assert ask_all(places, ['a', 'b'], SILENT_S, deaf='a') == before
    assert set(ask_all(places, ['a', 'b'], late_s, deaf='a').values()) == {'b'}

    assert places.speaking(['a', 'b'], late_s) == ['b']
    assert places.speaking(['a'], late_s) == ['a']


def test_a_replica_that_was_silent_is_used_once_it_is_heard_or_long_after() -> None:
    heard, left = Places(), Places()
    for places in (heard, left):
        ask_all(places, ['a', 'b'], 0.0, deaf='a')

    heard.heard('a')
    assert set(ask_all(heard, ['a', 'b'], 2 * SILENT_S).values()) == {'a', 'b'}
    assert set(ask_all(left, ['a', 'b'], 2 * SILENT_S, deaf='a').values()) == {'b'}

    assert set(ask_all(left, ['a', 'b'], 1.1 * RETRY_S).values()) == {'a', 'b'}
