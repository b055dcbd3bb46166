"""How set-up runs a command: clean environment, output in a log, one line on failure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
import os
from pathlib import Path
import subprocess
import time

# Set by the ROS wheels in every Python that loads them: a child of another virtual environment
# would take their libraries for its own.
WHEEL_GUARD = '_ROS_WHEELS_BOOTSTRAP_COMPLETE'

LINE_LIMIT = 300


class SetupError(Exception):
    """Set-up cannot go on; the message is one line that says what to do."""


def clean_environment(keeps_ros: bool) -> dict[str, str]:
    """
    Copy the environment without what another virtual environment left in it.

    `keeps_ros` says whether a sourced ROS stays visible.
    """
    environment = dict(os.environ)
    for name in ('PYTHONHOME', 'VIRTUAL_ENV', 'MAKEFLAGS', 'MAKELEVEL'):
        environment.pop(name, None)
    if environment.pop(WHEEL_GUARD, None):
        environment.pop('LD_LIBRARY_PATH', None)
    if not keeps_ros:
        for name in ('AMENT_PREFIX_PATH', 'CMAKE_PREFIX_PATH', 'PYTHONPATH'):
            environment.pop(name, None)
    return environment


def run(
    command: Sequence[str | Path], log: Path, environment: Mapping[str, str], failure: str
) -> None:
    """Run a command and append what it prints to the log; SetupError opens with `failure`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open('a', encoding='utf-8') as out:
        out.write(f'$ {" ".join(map(str, command))}\n')
        out.flush()
        status = subprocess.run(
            [str(part) for part in command], env=environment, stdin=subprocess.DEVNULL,
            stdout=out, stderr=subprocess.STDOUT, check=False,
        ).returncode
    if status:
        raise SetupError(f'{failure}: {_telling_line(log)} (everything: {log})')


@contextmanager
def announced(text: str) -> Iterator[None]:
    """Print what is being done, and when it is done how long it took."""
    print(f'set-up: {text} ...', end='', flush=True)
    start_s = time.monotonic()
    try:
        yield
    except BaseException:
        print(' failed', flush=True)
        raise
    print(f' {time.monotonic() - start_s:.0f} s', flush=True)


def _telling_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors='replace').splitlines()]
    lines = [line for line in lines if line and not line.startswith(('$', 'WARNING'))]
    errors = [line for line in lines if 'error' in line.lower()]
    if errors:
        return errors[0][:LINE_LIMIT]  # those after it are its consequences
    return (lines or ['no output'])[-1][:LINE_LIMIT]
