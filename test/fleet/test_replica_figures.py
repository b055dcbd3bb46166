"""Tests of what a node knows of single replicas."""

from __future__ import annotations

from collections.abc import Iterator
import sys
from threading import Thread

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


@pytest.fixture
def _hasty_threads() -> Iterator[None]:
    """Let threads take turns as often as can be."""
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual_s)


@pytest.mark.usefixtures('_hasty_threads')
def test_answers_may_come_while_the_figures_are_asked_for() -> None:
    log = ReplicaLog()
    answers = Thread(target=lambda: [
        log.add(Answer(Outcome.SERVED, 0.04, replica=str(number % 3), together=1), 0.05,
                number / 100) for number in range(3000)])
    answers.start()
    while answers.is_alive():
        assert all(figures.together == 1 for figures in log.figures(0.0).values())
    answers.join()

    assert set(log.figures(30.0)) == {'0', '1', '2'}
