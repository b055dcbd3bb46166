"""
Tests of `fleet` from the cluster's start to its page, and of its end before that.

Not marked as tests of ROS: no distribution makes a difference here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import json
from pathlib import Path
import signal

import psutil
import pytest

from support.processes import Process, wait_until

pytest.importorskip('rclpy', reason='rclpy is not here: make setup, or source ROS')
pytest.importorskip('ray', reason='ray is not here: requirements/fleet.txt')

pytestmark = pytest.mark.timed

# Several times what a busy machine with two cores needs.
LIMIT_S = 240.0
ROBOTS, REPLICAS = 2, 2


class Fleet:
    """Run the command, and remember all that it starts."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self._started: dict[int, psutil.Process] = {}

    def has_said(self, words: str) -> bool:
        """Say whether it has printed something, or ended."""
        self.note()
        return words in self.process.output or not self.process.is_running

    def has_started_something(self) -> bool:
        """Say whether a process of its own was seen, or it has ended."""
        self.note()
        return bool(self._started) or not self.process.is_running

    def note(self) -> None:
        """Look at what runs now."""
        if self.process.is_running:
            for child in psutil.Process(self.process.pid).children(recursive=True):
                self._started[child.pid] = child

    def end(self, limit_s: float = LIMIT_S) -> int:
        """Wait for its end, and return its status."""
        wait_until(lambda: self.note() or not self.process.is_running, limit_s, 'the end')
        return self.process.status

    def left(self) -> list[psutil.Process]:
        """Return what it started and what still runs."""
        assert self._started
        _, left = psutil.wait_procs(list(self._started.values()), timeout=LIMIT_S)
        return left


@pytest.fixture
def fleet_run(tmp_path: Path, checkout: Path) -> Iterator[Callable[..., Fleet]]:
    """Give a function that starts the command; what it started ends with the test."""
    started: list[Fleet] = []

    def start(seconds: float, robots: int = 1, replicas: int = 1) -> Fleet:
        started.append(Fleet(Process.start(
            ['-m', 'slim_split_ros', 'fleet', f'--robots={robots}', f'--replicas={replicas}',
             f'--seconds={seconds}', f'--output={tmp_path / "out"}',
             f'--json={tmp_path / "figures.json"}'], tmp_path / 'fleet.log', checkout, {})))
        return started[-1]

    yield start
    for run in started:
        run.process.end()


def test_a_fleet_leaves_page_and_figures_and_no_process(
    fleet_run: Callable[..., Fleet], tmp_path: Path
) -> None:
    run = fleet_run(8.0, ROBOTS, REPLICAS)

    assert run.end() == 0, run.process.output
    assert not run.left()
    for said in ('starting a Ray cluster', 'deploying the replicas', 'a replica was killed'):
        assert f'fleet: {said}' in run.process.output
    assert 'no Ray cluster' not in (tmp_path / 'out' / 'offboard.log').read_text()
    figures = json.loads((tmp_path / 'figures.json').read_text())
    assert [robot['answered'] > 0 for robot in figures['robots']] == [True] * ROBOTS
    assert figures['replicas'] == REPLICAS and figures['recovered_s'] > 0
    assert figures['killed_s'] < figures['seconds']
    assert len(figures['replica_figures']) >= REPLICAS
    page = (tmp_path / 'out' / 'index.html').read_text()
    assert 'What the killed replica cost' in page and '<svg' in page
    assert str(tmp_path / 'out' / 'index.html') in run.process.output


@pytest.mark.parametrize('moment', [
    'starting a Ray cluster', 'deploying the replicas', 'watching'])
def test_ctrl_c_ends_a_fleet_with_a_sentence_and_no_process(
    fleet_run: Callable[..., Fleet], tmp_path: Path, moment: str
) -> None:
    run = fleet_run(600.0)
    wait_until(lambda: run.has_said(moment), LIMIT_S, moment)
    wait_until(run.has_started_something, LIMIT_S, 'a process')

    run.process.signal(signal.SIGINT)

    assert run.end() == 1, run.process.output
    assert run.process.own_lines[-1] == 'fleet: interrupted before it was done'
    assert 'Traceback' not in run.process.output
    assert not run.left()
    assert not (tmp_path / 'out' / 'index.html').exists()


def test_what_a_fleet_started_ends_with_it_where_it_is_killed(
    fleet_run: Callable[..., Fleet]
) -> None:
    run = fleet_run(600.0)
    wait_until(lambda: run.has_said('watching'), LIMIT_S, 'watching')
    run.note()

    run.process.signal(signal.SIGKILL)

    assert run.end() == -signal.SIGKILL
    assert not run.left()
