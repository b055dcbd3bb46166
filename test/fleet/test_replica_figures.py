"""Tests of what a node knows of single replicas."""

from __future__ import annotations

import pytest

from slim_split_ros.fleet.messages import Answer, Outcome
from slim_split_ros.fleet.replica_figures import WINDOW_S, ReplicaLog


def test_figures_are_means_of_the_last_seconds_by_replica() -> None:
    log = ReplicaLog()
    for step in range(10):
        log.add(Answer(Outcome.SERVED, 0.04, replica='a', together=2), 0.05, step / 10)
    log.add(Answer(Outcome.LATE, replica='b', together=1), 0.5, 1.0)

    figures = log.figures(1.0)

    assert figures['a'].rate_fps == 10 / WINDOW_S and figures['a'].together == 2
    assert figures['a'].service_ms == pytest.approx(40)
    assert figures['a'].elsewhere_ms == pytest.approx(10)
    assert set(figures) == {'a', 'b'}


def test_a_replica_that_is_gone_is_forgotten_and_one_without_a_name_unknown() -> None:
    log = ReplicaLog()
    log.add(Answer(Outcome.SERVED, 0.04, replica='a', together=1), 0.05, 0.0)
    log.add(Answer(Outcome.LOST), 0.05, 0.0)

    assert set(log.figures(1.0)) == {'a'}
    assert not log.figures(WINDOW_S + 1)


def test_however_many_names_come_few_are_kept() -> None:
    log = ReplicaLog()
    for number in range(1000):
        log.add(Answer(Outcome.SERVED, 0.04, replica=str(number), together=1), 0.05, 0.0)

    assert len(log.figures(0.0)) < 100
