"""Tests of which replica Serve is told to ask, where no cluster is."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from slim_split_ros.fleet.places import SILENT_S

pytest.importorskip('ray', reason='ray is not here: requirements/fleet.txt')
from ray.serve._private.common import DeploymentHandleSource, DeploymentID, ReplicaID

from slim_split_ros.fleet import router as router_file
from slim_split_ros.fleet.router import VideoRouter

DEPLOYMENT = DeploymentID('detect', 'detect')
A, B = (ReplicaID(name, DEPLOYMENT) for name in 'ab')
REPLICAS = [SimpleNamespace(replica_id=replica) for replica in (A, B)]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Give the router's clock, whose `now_s` stands still."""
    clock = SimpleNamespace(now_s=100.0)
    monkeypatch.setattr(router_file, 'time', SimpleNamespace(monotonic=lambda: clock.now_s))
    return clock


@pytest.fixture
def router(clock: SimpleNamespace) -> VideoRouter:
    return VideoRouter(DEPLOYMENT, DeploymentHandleSource.REPLICA)


def choose(router: VideoRouter, place: str, replicas: list[Any] = REPLICAS) -> set[ReplicaID]:
    request = SimpleNamespace(metadata=SimpleNamespace(multiplexed_model_id=place),
                              routing_context=SimpleNamespace(should_backoff=False))
    (chosen,) = asyncio.run(router.choose_replicas(replicas, request))
    assert request.routing_context.should_backoff  # else Serve asks without a pause
    return {replica.replica_id for replica in chosen}


def test_video_has_one_replica_and_other_frames_the_choice_of_two(router: VideoRouter) -> None:
    assert choose(router, 'video1') == choose(router, 'video1') != {A, B}
    assert choose(router, '') == {A, B}
    assert asyncio.run(router.choose_replicas([], None)) == []


def test_a_replica_that_takes_nothing_is_asked_no_more_until_it_answers(
    router: VideoRouter, clock: SimpleNamespace
) -> None:
    (silent,) = choose(router, 'video1')
    (other,) = {A, B} - {silent}

    clock.now_s += 1.1 * SILENT_S
    assert choose(router, 'video1') == {other}
    router.on_new_queue_len_info(other, 1)
    assert choose(router, '') == {other}

    router.on_new_queue_len_info(silent, 1)
    assert choose(router, '') == {A, B}


def test_a_replica_that_says_that_it_has_enough_is_not_silent(clock: SimpleNamespace) -> None:
    async def get_queue_len(deadline_s: float) -> int:
        return 2

    async def keepers_while_it_is_full() -> list[str]:
        router, names = VideoRouter(DEPLOYMENT, DeploymentHandleSource.REPLICA), []
        for _ in range(4):
            request = SimpleNamespace(metadata=SimpleNamespace(multiplexed_model_id='video1'),
                                      routing_context=SimpleNamespace(should_backoff=False))
            ((keeper,),) = await router.choose_replicas(REPLICAS, request)
            names.append(keeper.replica_id.unique_id)
            full = SimpleNamespace(replica_id=keeper.replica_id, get_queue_len=get_queue_len)
            await router._probe_queue_lens([full], 0)
            clock.now_s += 0.8 * SILENT_S
        return names

    assert len(set(asyncio.run(keepers_while_it_is_full()))) == 1


def test_a_place_moves_as_soon_as_its_replica_is_no_candidate(router: VideoRouter) -> None:
    (dead,) = choose(router, 'video1')
    left = [replica for replica in REPLICAS if replica.replica_id != dead]

    assert choose(router, 'video1', left) == {left[0].replica_id}
