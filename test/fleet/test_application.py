"""Tests of a replica's health, and of what a deployment asks of Serve."""

from __future__ import annotations

import asyncio
from pathlib import Path
import time
from types import SimpleNamespace

import pytest

pytest.importorskip('ray', reason='ray is not here: requirements/fleet.txt')

from slim_split_ros.fleet.application import (  # noqa: E402 - needs ray
    MOST_FAILURES,
    WEDGED_S,
    Replica,
    ReplicaArguments,
    build,
)


def health_of(started_ago_s: float | None, failed_in_a_row: int) -> str:
    replica = Replica.__new__(Replica)
    replica._started_s = None if started_ago_s is None else time.monotonic() - started_ago_s
    replica._frames = SimpleNamespace(failed_in_a_row=failed_in_a_row)
    try:
        asyncio.run(replica.check_health())
    except RuntimeError as error:
        return str(error)
    return ''


@pytest.mark.parametrize('started_ago_s, failed_in_a_row, words', [
    (None, 0, ''), (1.0, MOST_FAILURES - 1, ''), (WEDGED_S + 1, 0, 'in hand for more than'),
    (None, MOST_FAILURES, 'one after the other')])
def test_a_replica_is_ill_whose_runtime_is_stuck_or_always_fails(
    started_ago_s: float | None, failed_in_a_row: int, words: str
) -> None:
    said = health_of(started_ago_s, failed_in_a_row)

    assert words in said and bool(words) == bool(said)


def test_an_empty_detector_is_refused_by_name(tiny_bundle: Path) -> None:
    with pytest.raises(ValueError, match='detector\n.*at least 1 character'):
        ReplicaArguments(model=str(tiny_bundle), detector='')


def test_a_deployment_is_named_after_its_model_scales_and_bounds_what_waits(
    tiny_bundle: Path
) -> None:
    from slim_split_ros.wire import load_manifest

    deployment = build(ReplicaArguments(model=str(tiny_bundle), most_replicas=7))._bound_deployment
    fixed = build(ReplicaArguments(model=str(tiny_bundle), replicas=3))._bound_deployment

    assert deployment.name == f'detect-{load_manifest(tiny_bundle).fingerprint:016x}'
    config = deployment._deployment_config
    assert (config.autoscaling_config.min_replicas, config.autoscaling_config.max_replicas) == (
        1, 7)
    assert 0 < config.max_queued_requests < 1000
    assert fixed._deployment_config.num_replicas == 3
