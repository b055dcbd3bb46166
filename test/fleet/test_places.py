"""Tests of which replica keeps whose video."""

from __future__ import annotations

from collections import Counter

from slim_split_ros.fleet.places import FORGET_S, Places

NAMES = [f'video{number}' for number in range(8)]


def test_a_place_stays_and_replicas_keep_as_many_each() -> None:
    places = Places()

    keepers = [{name: places.keeper(name, ['a', 'b'], now_s) for name in NAMES}
               for now_s in (0.0, 1.0, 2.0)]

    assert keepers[0] == keepers[1] == keepers[2]
    assert Counter(keepers[0].values()) == {'a': 4, 'b': 4}


def test_what_a_dead_replica_kept_moves_and_its_successor_gets_its_part() -> None:
    places = Places()
    before = {name: places.keeper(name, ['a', 'b'], 0.0) for name in NAMES}

    alone = {name: places.keeper(name, ['a'], 1.0) for name in NAMES}
    again = [{name: places.keeper(name, ['a', 'c'], now_s) for name in NAMES}
             for now_s in (2.0, 3.0, 4.0)]

    assert set(before.values()) == {'a', 'b'} and set(alone.values()) == {'a'}
    assert again[1] == again[2]
    assert Counter(again[2].values()) == {'a': 4, 'c': 4}


def test_who_is_silent_is_forgotten() -> None:
    places = Places()
    for name in NAMES:
        places.keeper(name, ['a', 'b'], 0.0)

    keepers = {places.keeper(name, ['b', 'c'], FORGET_S + 1) for name in NAMES[:2]}

    assert keepers == {'b', 'c'}
