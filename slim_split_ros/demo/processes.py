"""
Answer how a node runs as a process of its own: started, watched, and always ended.

It knows nothing of ROS beyond how arguments are given to a node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
from pathlib import Path
import signal
import subprocess
import sys
import time

from slim_split_ros.demo.errors import DemoError

# Seconds after each signal before the next, stronger one.
_PATIENCE_S = {signal.SIGINT: 5.0, signal.SIGTERM: 2.0, signal.SIGKILL: 2.0}
_LINES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class NodePlan:
    """Name a node's module, its parameters, and topics that it shall find elsewhere."""

    name: str
    module: str
    parameters: Mapping[str, bool | int | float | str] = field(default_factory=dict)
    remappings: Mapping[str, str] = field(default_factory=dict)

    def arguments(self) -> list[str]:
        """
        Return what follows the name of the Python interpreter.

        >>> NodePlan('onboard', 'a.b', {'width': 0.5, 'model': '/m'}).arguments()
        ['-m', 'a.b', '--ros-args', '-p', 'width:=0.5', '-p', 'model:="/m"']
        """
        # ROS reads values as YAML, of which JSON is a part: a folder named 1 stays a text.
        given = [f'{name}:={json.dumps(value)}' for name, value in self.parameters.items()]
        renamed = [f'{name}:={topic}' for name, topic in self.remappings.items()]
        return ['-m', self.module, '--ros-args',
                *(part for text in given for part in ('-p', text)),
                *(part for text in renamed for part in ('-r', text))]


class ChildProcess:
    """Run one node, its output in a file; the session is its own, so that Ctrl-C spares it."""

    def __init__(self, plan: NodePlan, log: Path, environment: Mapping[str, str]) -> None:
        self.name = plan.name
        self.log = log
        with log.open('wb') as output:
            self._process = subprocess.Popen(
                [sys.executable, *plan.arguments()], stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, env=dict(environment), start_new_session=True)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def check(self) -> None:
        """Raise DemoError, with what it printed last, if the node has ended."""
        status = self._process.poll()
        if status is not None:
            raise DemoError(
                f'{self.name} ended with status {status} ({self.log}): {self.last_lines()}')

    def last_lines(self) -> str:
        """Return the end of its output as one line."""
        lines = [line.strip() for line in self.log.read_text(errors='replace').splitlines()]
        return ' | '.join([line for line in lines if line][-_LINES_SHOWN:]) or 'it printed nothing'

    def send(self, number: int) -> None:
        """Send a signal unless it has ended."""
        if self._process.poll() is None:
            self._process.send_signal(number)

    def has_ended(self, limit_s: float) -> bool:
        """Wait for its end for a limited time."""
        try:
            self._process.wait(max(0.0, limit_s))
        except subprocess.TimeoutExpired:
            return False
        return True


def end_all(children: list[ChildProcess]) -> None:
    """End every process with ever stronger signals, all at once."""
    remaining = children
    for number, patience_s in _PATIENCE_S.items():
        for child in remaining:
            child.send(number)
        give_up_s = time.monotonic() + patience_s
        remaining = [
            child for child in remaining if not child.has_ended(give_up_s - time.monotonic())]
        if not remaining:
            return
