"""Does a node's process end whatever happens, and is its last word heard?"""

import doctest
import os
from pathlib import Path
import signal

import psutil
import pytest

from slim_split_ros.demo import processes
from slim_split_ros.demo.errors import DemoError
from slim_split_ros.demo.processes import ChildProcess, NodePlan, end_all
from support.processes import Process, wait_until

pytestmark = pytest.mark.timed

STUBBORN = """
import signal, time
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
print('ready', flush=True)
while True:
    time.sleep(1)
"""


@pytest.fixture
def start(tmp_path):
    """Start a program as the module of a node; it ends with the test."""
    children = []

    def start(program):
        name = f'program_{len(children)}'
        (tmp_path / f'{name}.py').write_text(program)
        environment = {**os.environ, 'PYTHONPATH': str(tmp_path)}
        children.append(ChildProcess(
            name, NodePlan(name, name).command(), tmp_path / f'{name}.log', environment))
        return children[-1]

    yield start
    end_all(children)


def test_example_in_docstring_runs():
    assert doctest.testmod(processes).failed == 0


def test_text_that_looks_like_a_number_stays_text_for_ros():
    plan = NodePlan('onboard', 'm', {'model': '1', 'loop': True}, {'image': 'cam'})

    assert plan.command()[4:] == ['-p', 'model:="1"', '-p', 'loop:=true', '-r', 'image:=cam']


def test_early_end_is_told_with_status_and_last_lines(start):
    child = start('print("one")\nprint("two")\nraise SystemExit("no camera here")')
    assert child.has_ended(20.0)

    with pytest.raises(DemoError, match=r'ended with status 1 .*one \| two \| no camera here'):
        child.check()


def test_running_node_passes_the_check(start):
    child = start(STUBBORN)

    child.check()


def test_process_that_ignores_polite_signals_is_killed(start, monkeypatch):
    monkeypatch.setattr(
        processes, '_PATIENCE_S', dict.fromkeys(processes._PATIENCE_S, 0.2))
    child = start(STUBBORN)
    wait_until(lambda: 'ready' in child.last_lines(), 20.0, 'start of the program')

    end_all([child])

    assert child.has_ended(5.0)
    assert not Path(f'/proc/{child.pid}').exists()


def test_ending_asks_all_processes_at_once(start, tmp_path):
    # Each ends when the other one has been asked too.
    program = """
from pathlib import Path
import signal, time
def asked(*_):
    Path({mine!r}).touch()
    while not Path({other!r}).exists():
        time.sleep(0.01)
    print('both were asked', flush=True)
    raise SystemExit(0)
signal.signal(signal.SIGINT, asked)
print('ready', flush=True)
signal.pause()
"""
    files = [str(tmp_path / name) for name in 'ab']
    children = [start(program.format(mine=mine, other=other))
                for mine, other in (files, reversed(files))]
    for child in children:
        wait_until(lambda child=child: 'ready' in child.last_lines(), 60.0, 'start')

    end_all(children)

    assert all('both were asked' in child.last_lines() for child in children)


TWO_PROGRAMS = """
from pathlib import Path
import os, sys, time
from slim_split_ros.demo.processes import ChildProcess
child = ChildProcess('child', [{prefix} sys.executable, '-c',
    'import os, time; print(os.getpid(), flush=True); time.sleep(600)'],
    Path({log!r}), os.environ)
while not child.output.strip():
    time.sleep(0.01)
print('both run', flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize('prefix', ['', "'unshare', '--net', "], ids=['plain', 'in a namespace'])
def test_programs_end_with_who_started_them_even_if_that_is_killed(tmp_path, checkout, prefix):
    if prefix and os.geteuid() != 0:
        pytest.skip('a namespace needs root')
    log = tmp_path / 'child.log'
    parent = Process.start(
        ['-c', TWO_PROGRAMS.format(prefix=prefix, log=str(log))], tmp_path / 'parent.log',
        checkout, {})
    parent.wait_for_output('both run', 20.0)
    child = psutil.Process(int(log.read_text()))

    parent.signal(signal.SIGKILL)

    child.wait(10.0)  # raises TimeoutExpired while it runs
    parent.end()


def test_what_a_dead_program_started_ends_too(tmp_path, checkout):
    program = ('import subprocess, sys; print(subprocess.Popen([sys.executable, "-c", '
               '"import time; time.sleep(600)"]).pid, flush=True)')
    process = Process.start(['-c', program], tmp_path / 'log', checkout, {})
    assert process.wait(20.0) == 0
    grandchild = psutil.Process(int(process.output))

    process.end()

    grandchild.wait(10.0)  # raises TimeoutExpired while it runs
