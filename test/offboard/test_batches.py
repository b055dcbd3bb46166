"""Tests of which robots' frames are served, alone and together, in virtual time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
import heapq
from pathlib import Path

import pytest

from slim_split_ros.offboard import Batches, Received, Reception, Turn
from slim_split_ros.offboard.batches import BATCH_S
from slim_split_ros.offboard.reception import LONGEST_WAIT_S
from slim_split_ros.wire import Manifest, load_manifest
from support.received_frames import MakeFrame, camera, frame_maker

pytest.importorskip('onnx', reason='the tiny model is built with onnx: make setup-training')


@pytest.fixture(scope='module')
def manifest(tiny_bundle: Path) -> Manifest:
    return load_manifest(tiny_bundle)


@pytest.fixture
def frame(manifest: Manifest) -> MakeFrame:
    return frame_maker(manifest)


@pytest.fixture
def receptions(manifest: Manifest) -> dict[str, Reception]:
    return {name: Reception(manifest, receiver_id=7) for name in 'abcd'}


def serve(
    receptions: Mapping[str, Reception], cameras: Mapping[str, Iterable[Received]],
    costs_s: Mapping[str, float],
) -> tuple[Counter[str], dict[str, list[float]]]:
    """Serve frame after frame; return the time that each robot got, and its frames' latencies."""
    batches, got_s = Batches(1), Counter[str]()
    latencies_s: dict[str, list[float]] = {name: [] for name in cameras}
    free_s = 0.0
    arriving = list(heapq.merge(
        *([(received.arrival_s, name, received) for received in frames]
          for name, frames in cameras.items()), key=lambda entry: entry[:2]))
    for index, (now_s, name, received) in enumerate(arriving):
        receptions[name].receive(received)
        next_s = arriving[index + 1][0] if index + 1 < len(arriving) else now_s
        while max(now_s, free_s) < next_s:
            start_s = max(now_s, free_s)
            batch, _ = batches.next_batch(receptions, start_s)
            if not batch:
                break
            (turn,) = batch
            cost_s = costs_s[turn.robot]
            batches.charge(receptions, batch, [cost_s])
            free_s = start_s + cost_s
            got_s[turn.robot] += cost_s
            latencies_s[turn.robot].append(free_s - turn.received.arrival_s)
    return got_s, latencies_s


def cameras_of(frame: MakeFrame, fps: Mapping[str, float], seconds: float,
               apart_s: float = 0.0123) -> dict[str, list[Received]]:
    return {name: list(camera(frame, 1, rate, seconds, apart_s * place))
            for place, (name, rate) in enumerate(fps.items())}


@pytest.mark.parametrize('apart_s', [0.0, 0.0123, 0.05])
@pytest.mark.parametrize('costs_s', [
    {'a': 0.08, 'b': 0.08, 'c': 0.08, 'd': 0.08},
    {'a': 0.06, 'b': 0.06, 'c': 0.12, 'd': 0.24},
])
def test_robots_that_want_too_much_get_the_same_time(
    receptions: dict[str, Reception], frame: MakeFrame, costs_s: dict[str, float], apart_s: float
) -> None:
    cameras = cameras_of(frame, dict.fromkeys('abcd', 10.0), 60.0, apart_s)
    got_s, _ = serve(receptions, cameras, costs_s)
    assert min(got_s.values()) >= 0.9 * max(got_s.values())


@pytest.mark.parametrize('apart_s', [0.0, 0.0123])
def test_a_flooding_robot_gets_its_share_at_most_and_the_others_all_they_want(
    receptions: dict[str, Reception], frame: MakeFrame, apart_s: float
) -> None:
    fps = {'a': 200.0, 'b': 5.0, 'c': 5.0, 'd': 5.0}
    got_s, latencies_s = serve(
        receptions, cameras_of(frame, fps, 40.0, apart_s), dict.fromkeys('abcd', 0.05))
    assert got_s['a'] <= 0.27 * sum(got_s.values())
    assert [len(latencies_s[name]) for name in 'bcd'] == [pytest.approx(200, abs=2)] * 3
    # A frame of each of the others, the one in hand, and its own.
    assert max(max(latencies_s[name]) for name in 'bcd') <= 0.25 + 1e-9


def test_a_flooding_robot_gets_what_the_others_leave(
    receptions: dict[str, Reception], frame: MakeFrame
) -> None:
    got_s, latencies_s = serve(
        receptions, cameras_of(frame, {'a': 200.0, 'b': 5.0}, 20.0), {'a': 0.02, 'b': 0.02})
    assert len(latencies_s['b']) >= 99
    assert sum(got_s.values()) >= 0.95 * 20.0


def test_a_robot_that_invents_senders_costs_itself_alone(
    receptions: dict[str, Reception], frame: MakeFrame
) -> None:
    invented = [frame(1000 + number // 2, number % 2, number / 200) for number in range(4000)]
    robot = list(camera(frame, 1, 10.0, 20.0, 0.001))
    got_s, _ = serve(receptions, {'a': invented, 'b': robot}, {'a': 0.1, 'b': 0.1})
    assert got_s['b'] >= 0.95 * got_s['a']


def test_frames_of_all_robots_go_together_once_it_is_known_how_long_they_take(
    receptions: dict[str, Reception], frame: MakeFrame
) -> None:
    batches, sizes = Batches(3), []
    for turn in range(30):
        for name in receptions:
            receptions[name].receive(frame(1, turn, turn))
        batch, _ = batches.next_batch(receptions, turn)
        sizes.append(len(batch))
        batches.charge(receptions, batch, [0.002] * len(batch))
    assert (sizes[0], sizes[-1]) == (1, 3)


def test_no_more_frames_go_together_than_a_time_allows(
    receptions: dict[str, Reception], frame: MakeFrame
) -> None:
    batches = Batches(16)
    for turn in range(50):
        for name in receptions:
            receptions[name].receive(frame(1, turn, turn))
        batch, _ = batches.next_batch(receptions, turn)
        batches.charge(receptions, batch, [BATCH_S / 2.5] * len(batch))
    assert len(batch) == 2


def test_frames_of_one_topic_s_senders_go_together_too(
    manifest: Manifest, frame: MakeFrame
) -> None:
    reception, batches = Reception(manifest, receiver_id=7), Batches(4)
    for turn in range(30):
        for sender in (1, 2, 3):
            reception.receive(frame(sender, turn, turn))
        batch, _ = batches.next_batch({'': reception}, turn)
        batches.charge({'': reception}, batch, [0.001] * len(batch))
    assert {turn.received.frame.header.sender_start_ns for turn in batch} == {1, 2, 3}


def test_frames_past_the_deadline_are_counted_by_robot(
    receptions: dict[str, Reception], frame: MakeFrame
) -> None:
    receptions['a'].receive(frame(1, 0, 0.0))
    fresh = frame(1, 0, LONGEST_WAIT_S)
    receptions['b'].receive(fresh)

    batch, too_old = Batches(1).next_batch(receptions, LONGEST_WAIT_S + 0.1)

    assert batch == [Turn('b', fresh)]
    assert +too_old == {'a': 1}


def test_a_robot_that_left_is_forgotten(
    receptions: dict[str, Reception], frame: MakeFrame
) -> None:
    batches = Batches(1)
    receptions['a'].receive(frame(1, 0, 0.0))
    batch, _ = batches.next_batch(receptions, 0.0)
    batches.charge(receptions, batch, [0.05])
    assert batches.next_batch({'b': receptions['b']}, 0.1) == ([], Counter())
