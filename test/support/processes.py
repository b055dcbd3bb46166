"""How do tests wait for a process? It is started and ended as the demo does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import os
from pathlib import Path
import signal
import sys
import time
from typing import ClassVar

from slim_split_ros.demo.processes import ChildProcess, end_all

POLL_S = 0.02


def wait_until(is_true: Callable[[], bool], limit_s: float, what: str) -> None:
    """Wait for a condition; fail with what did not happen once the limit has passed."""
    give_up_s = time.monotonic() + limit_s
    while not is_true():
        if time.monotonic() > give_up_s:
            raise TimeoutError(f'{what} did not happen within {limit_s:g} s')
        time.sleep(POLL_S)


class Process(ChildProcess):
    """A Python process in a session of its own, with its output in a file."""

    # For whoever reports a failure, and drops those that ended.
    started: ClassVar[list[Process]] = []

    @classmethod
    def start(
        cls, arguments: Sequence[str], log: Path, folder: Path, environment: Mapping[str, str]
    ) -> Process:
        """Start this test run's Python; `environment` comes on top of the test run's."""
        process = cls(
            log.stem, [sys.executable, *arguments], log,
            {**os.environ, 'PYTHONUNBUFFERED': '1', **environment}, folder)
        cls.started.append(process)
        return process

    @property
    def is_running(self) -> bool:
        """Say whether it still runs."""
        return self.status is None

    @property
    def own_lines(self) -> list[str]:
        """Return what it said, without the middleware (Kilted's finds our variable old)."""
        return [line for line in self.output.splitlines() if '[rmw_' not in line]

    def signal(self, number: int) -> None:
        """Send one signal to the process alone."""
        self.send(number)

    def wait(self, limit_s: float) -> int:
        """Wait for the end and give the exit status; TimeoutError shows the output."""
        if not self.has_ended(limit_s):
            raise TimeoutError(f'still running after {limit_s:g} s; it printed:\n{self.output}')
        return self.status

    def wait_for_output(self, text: str, limit_s: float) -> None:
        """Wait until it has printed `text`; an early end or the limit fails with the output."""
        def is_settled() -> bool:
            return text in self.output or not self.is_running

        try:
            wait_until(is_settled, limit_s, f'{text!r}')
        except TimeoutError as error:
            raise TimeoutError(f'{error}; it printed:\n{self.output}') from None
        if text not in self.output:
            raise RuntimeError(
                f'ended with status {self.status} without {text!r}:\n{self.output}')

    def end(self) -> int:
        """End it, and all that it started, with ever stronger signals; give the exit status."""
        end_all([self])
        return self.status


def heeds_sigterm(process: Process) -> bool:
    """Say whether it has come as far as the first line of ours, or further."""
    if not process.is_running:
        return True
    status = Path(f'/proc/{process.pid}/status').read_text()
    caught = int(status.split('SigCgt:')[1].split()[0], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)
