"""Tests of whose frame goes to the cluster next, in virtual time."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from slim_split_ros.fleet.turns import FleetTurns
from slim_split_ros.offboard import Reception
from slim_split_ros.wire import load_manifest
from support.received_frames import MakeFrame, frame_maker

ROBOTS = [f'robot{number}' for number in range(9)]


@pytest.fixture
def make(tiny_bundle: Path) -> MakeFrame:
    return frame_maker(load_manifest(tiny_bundle))


@pytest.fixture
def receptions(tiny_bundle: Path) -> dict[str, Reception]:
    return {name: Reception(load_manifest(tiny_bundle), 1) for name in ROBOTS}


def test_one_frame_of_a_robot_is_in_flight_and_the_newest_waits(
    receptions: dict[str, Reception], make: MakeFrame
) -> None:
    turns, robot = FleetTurns(), receptions['robot0']
    robot.receive(make(1, 1, 0.0))
    (first,), _ = turns.next_frames(receptions, 4, 0.0)
    for sequence in (2, 3):
        robot.receive(make(1, sequence, 0.1))

    assert turns.next_frames(receptions, 4, 0.1)[0] == []
    turns.ended(first, receptions, 0.05)
    (next_one,), _ = turns.next_frames(receptions, 4, 0.2)

    assert next_one.received.frame.header.sequence == 3


def test_no_more_than_the_cluster_takes_is_in_flight(
    receptions: dict[str, Reception], make: MakeFrame
) -> None:
    turns = FleetTurns()
    for name in ROBOTS:
        receptions[name].receive(make(1, 1, 0.0))

    assert len(turns.next_frames(receptions, 4, 0.0)[0]) == turns.in_flight == 4


def test_who_floods_has_the_share_of_the_others(
    receptions: dict[str, Reception], make: MakeFrame
) -> None:
    turns, served, flying, sequence = FleetTurns(), Counter[str](), [], 0
    for step in range(900):  # 10 ms each; a cluster that takes 2 at once, 50 ms each
        now_s = step / 100
        for place, name in enumerate(ROBOTS):
            if name == 'robot8' or (step + place) % 20 == 0:
                sequence += 1
                receptions[name].receive(make(1, sequence, now_s))
        for turn, end_s in list(flying):
            if end_s <= now_s:
                flying.remove((turn, end_s))
                turns.ended(turn, receptions, 0.05)
                served[turn.robot] += 1
        flying += [(turn, now_s + 0.05) for turn in turns.next_frames(receptions, 2, now_s)[0]]

    share = sum(served.values()) / len(ROBOTS)
    assert all(0.9 * share <= served[name] <= 1.1 * share for name in ROBOTS), served


def test_what_waits_past_the_deadline_is_given_up_and_told(
    receptions: dict[str, Reception], make: MakeFrame
) -> None:
    turns = FleetTurns()
    receptions['robot0'].receive(make(1, 1, 0.0))

    chosen, too_old = turns.next_frames(receptions, 0, 5.0)

    assert not chosen and +too_old == Counter(robot0=1)


def test_a_robot_that_leaves_with_a_frame_in_flight_takes_no_place(
    receptions: dict[str, Reception], make: MakeFrame
) -> None:
    turns = FleetTurns()
    receptions['robot0'].receive(make(1, 1, 0.0))
    (turn,), _ = turns.next_frames(receptions, 1, 0.0)

    turns.ended(turn, {}, 0.05)

    assert turns.in_flight == 0
