"""
How a node or another program runs as a process of its own: started, watched, always ended.

It knows nothing of ROS beyond how arguments are given to a node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

from slim_split_ros.demo.errors import DemoError

# Seconds after each signal before the next, stronger one.
_PATIENCE_S = {signal.SIGINT: 5.0, signal.SIGTERM: 2.0, signal.SIGKILL: 2.0}
_LINES_SHOWN = 3
# Runs in the child before the program does, and becomes it. Whoever started it may already have
# died; the kernel's wish (prctl(2), PR_SET_PDEATHSIG) outlives both `exec` and `ip netns exec`.
# Not as preexec_fn: Python code between fork and exec can hang where threads are.
_TIE = """
import ctypes, os, sys
parent, number = map(int, sys.argv[1:3])
ctypes.CDLL(None).prctl(1, number)
if os.getppid() == parent:
    os.execvp(sys.argv[3], sys.argv[3:])
"""


@dataclass(frozen=True, slots=True)
class NodePlan:
    """Name a node's module, its parameters, and topics that it shall find elsewhere."""

    name: str
    module: str
    parameters: Mapping[str, bool | int | float | str] = field(default_factory=dict)
    remappings: Mapping[str, str] = field(default_factory=dict)

    def command(self) -> list[str]:
        """
        Return the command line that starts it.

        >>> NodePlan('onboard', 'a.b', {'width': 0.5, 'model': '/m'}).command()[1:]
        ['-m', 'a.b', '--ros-args', '-p', 'width:=0.5', '-p', 'model:="/m"']
        """
        # ROS reads values as YAML, of which JSON is a part: a folder named 1 stays a text. It
        # does not know JSON's escapes of letters beyond 16 bits.
        given = [f'{name}:={json.dumps(value, ensure_ascii=False)}'
                 for name, value in self.parameters.items()]
        renamed = [f'{name}:={topic}' for name, topic in self.remappings.items()]
        return [sys.executable, '-m', self.module, '--ros-args',
                *(part for text in given for part in ('-p', text)),
                *(part for text in renamed for part in ('-r', text))]


class ChildProcess:
    """
    Run one program, its output in a file, in a session of its own, so that Ctrl-C spares it.

    It gets SIGTERM when the thread that made this object ends, whatever ends it.
    """

    def __init__(
        self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str],
        folder: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        tie = (sys.executable, '-I', '-S', '-c', _TIE, str(os.getpid()), str(int(signal.SIGTERM)))
        with log.open('wb') as output:
            self._process = subprocess.Popen(
                [*tie, *command], stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, env=dict(environment), start_new_session=True,
                cwd=folder)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._process.poll()

    @property
    def output(self) -> str:
        """Everything printed so far, both streams."""
        return self.log.read_text(errors='replace')

    def check(self) -> None:
        """Raise DemoError, with what it printed last, if the program has ended."""
        if self.status is not None:
            raise DemoError(
                f'{self.name} ended with status {self.status} ({self.log}): {self.last_lines()}')

    def last_lines(self) -> str:
        """Return the end of its output as one line."""
        lines = [line.strip() for line in self.output.splitlines()]
        return ' | '.join([line for line in lines if line][-_LINES_SHOWN:]) or 'it printed nothing'

    def send(self, number: int) -> None:
        """Send a signal to it alone, unless it has ended."""
        if self.status is None:
            self._process.send_signal(number)

    def send_session(self, number: int) -> None:
        """Send a signal to it and to all that it started."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return

    def has_ended(self, limit_s: float) -> bool:
        """Wait for its end for a limited time."""
        try:
            self._process.wait(max(0.0, limit_s))
        except subprocess.TimeoutExpired:
            return False
        return True


def end_all(children: Iterable[ChildProcess]) -> None:
    """End every process, and what they started, with ever stronger signals, all at once."""
    children = remaining = list(children)
    for number, patience_s in _PATIENCE_S.items():
        for child in remaining:
            child.send_session(number)
        give_up_s = time.monotonic() + patience_s
        remaining = [
            child for child in remaining if not child.has_ended(give_up_s - time.monotonic())]
        if not remaining:
            break
    # Grandchildren outlive a program that died of itself.
    for child in children:
        child.send_session(signal.SIGKILL)
