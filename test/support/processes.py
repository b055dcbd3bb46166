"""How do tests start a process and make sure that it ends? It knows nothing of ROS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import ClassVar

# Seconds that a process gets after each signal before the next, stronger one.
PATIENCE_S = {signal.SIGINT: 8.0, signal.SIGTERM: 4.0, signal.SIGKILL: 4.0}
POLL_S = 0.02


def wait_until(is_true: Callable[[], bool], limit_s: float, what: str) -> None:
    """Wait for a condition; fail with what did not happen once the limit has passed."""
    give_up_s = time.monotonic() + limit_s
    while not is_true():
        if time.monotonic() > give_up_s:
            raise TimeoutError(f'{what} did not happen within {limit_s:g} s')
        time.sleep(POLL_S)


@dataclass
class Process:
    """A Python process in a session of its own, with its output in a file."""

    child: subprocess.Popen[bytes]
    log: Path
    # For whoever reports a failure, and drops those that ended.
    started: ClassVar[list[Process]] = []

    @classmethod
    def start(
        cls, arguments: Sequence[str], log: Path, folder: Path, environment: Mapping[str, str]
    ) -> Process:
        """Start this test run's Python; `environment` comes on top of the test run's."""
        with log.open('wb') as out:
            child = subprocess.Popen(
                [sys.executable, *arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, 'PYTHONUNBUFFERED': '1', **environment})
        process = cls(child, log)
        cls.started.append(process)
        return process

    @property
    def pid(self) -> int:
        """Give the process's number."""
        return self.child.pid

    @property
    def is_running(self) -> bool:
        """Say whether it still runs."""
        return self.child.poll() is None

    @property
    def output(self) -> str:
        """Give everything printed so far, both streams."""
        return self.log.read_text(errors='replace')

    def signal(self, number: int) -> None:
        """Send one signal to the process alone."""
        self.child.send_signal(number)

    def wait(self, limit_s: float) -> int:
        """Wait for the end and give the exit status; TimeoutError shows the output."""
        try:
            return self.child.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise TimeoutError(
                f'still running after {limit_s:g} s; it printed:\n{self.output}') from None

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
                f'ended with status {self.child.returncode} without {text!r}:\n{self.output}')

    def end(self) -> int:
        """End it, and all that it started, with ever stronger signals; give the exit status."""
        for number, patience_s in PATIENCE_S.items():
            if not self.is_running:
                break
            self._signal_session(number)
            try:
                self.child.wait(patience_s)
            except subprocess.TimeoutExpired:
                continue
        # Grandchildren outlive a node that died of itself.
        self._signal_session(signal.SIGKILL)
        return self.child.wait(PATIENCE_S[signal.SIGKILL])

    def _signal_session(self, number: int) -> None:
        try:
            os.killpg(self.child.pid, number)
        except ProcessLookupError:
            return
