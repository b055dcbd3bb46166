"""
A Ray cluster on this machine that lives as long as its context, and leaves nothing behind.

It listens on the loopback interface, but for a port of Serve's in each replica, and only to
whoever has the token that was drawn for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
import os
from pathlib import Path
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from types import TracebackType

import psutil

from slim_split_ros.fleet.errors import ClusterError

# It ends with whoever started it, however that ends: prctl(2), PR_SET_PDEATHSIG.
_RAY = """
import ctypes, sys
ctypes.CDLL(None).prctl(1, 15)
from ray.scripts.scripts import main
sys.exit(main())
"""
_START_S, _DEPLOY_S, _END_S, _LOOK_S = 120.0, 120.0, 5.0, 0.1
_OBJECT_STORE_BYTES = 100 * 2**20  # the least is 75 MiB
_REPLICA = 'ray::ServeReplica:'


class LocalCluster:
    """
    Start a head, deploy models on it, kill parts of it; everything ends with the context.

    Raises ClusterError where it does not come up, with the end of what it said; `check` is called
    while it is waited for, and what that raises ends the wait.

        with LocalCluster(num_cpus=2) as cluster:
            name = cluster.deploy(folder, replicas=2)
    """

    def __init__(self, num_cpus: int, check: Callable[[], None] = lambda: None) -> None:
        self._num_cpus, self._check = num_cpus, check
        self._port = _free_port()
        # Paths of sockets have at most 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix='fleet'))
        self._head: subprocess.Popen[bytes] | None = None
        self._started: dict[int, psutil.Process] = {}
        self.environment: Mapping[str, str] = {
            'RAY_USAGE_STATS_ENABLED': '0', 'RAY_AUTH_MODE': 'token',
            'RAY_AUTH_TOKEN': secrets.token_hex(32), 'RAY_ENABLE_UV_RUN_RUNTIME_ENV': '0',
            # Else Ray takes the machine's own address for 127.0.0.1, and listens on all of them.
            'RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER': '0',
            # Replicas run the model on a thread of their own: a second loop is hops for nothing.
            'RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD': '0'}

    @property
    def address(self) -> str:
        """Where its head listens."""
        return f'127.0.0.1:{self._port}'

    def __enter__(self) -> LocalCluster:
        try:
            self.start_head()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start_head(self) -> None:
        """Start the head, without deployments; also after it was killed."""
        log = self._folder / 'head.log'
        with log.open('wb') as output:
            self._head = subprocess.Popen(
                [sys.executable, '-c', _RAY, 'start', '--head', '--block',
                 f'--port={self._port}', '--node-ip-address=127.0.0.1',
                 f'--num-cpus={self._num_cpus}', '--include-dashboard=false',
                 f'--object-store-memory={_OBJECT_STORE_BYTES}', '--disable-usage-stats',
                 f'--temp-dir={self._folder}'],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True, env={**os.environ, **self.environment})
        limit_s = time.monotonic() + _START_S
        while 'Ray runtime started' not in log.read_text(errors='replace'):
            if self._head.poll() is not None or time.monotonic() > limit_s:
                raise ClusterError(f'the cluster did not start: '
                                   f'{_last_line(log.read_text(errors="replace"))}')
            self._check()
            time.sleep(_LOOK_S)
        self._note_processes()

    def deploy(
        self, model: Path, replicas: int, num_cpus: float = 0.5, name: str = ''
    ) -> str:
        """Deploy a model folder and wait until its replicas run; return the deployment's name."""
        with subprocess.Popen(
            [sys.executable, '-m', 'slim_split_ros.fleet.deploy', self.address, str(model),
             f'--replicas={replicas}', f'--num-cpus={num_cpus}', f'--name={name}'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True, env={**os.environ, **self.environment},
        ) as process:
            try:
                said, complaint = self._hear(process)
            finally:
                process.kill()
                self._note_processes()
        if process.returncode:
            raise ClusterError(_last_line(complaint))
        return said.split()[-1]

    def _hear(self, process: subprocess.Popen[str]) -> tuple[str, str]:
        limit_s = time.monotonic() + _DEPLOY_S
        while time.monotonic() < limit_s:
            with suppress(subprocess.TimeoutExpired):
                return process.communicate(timeout=_LOOK_S)
            self._check()
        raise ClusterError(f'the replicas did not start within {_DEPLOY_S:g} s: too few '
                           'processors or too little memory are free')

    def replicas(self) -> list[psutil.Process]:
        """Return the processes of the replicas that there are."""
        return [process for process in self.processes() if _is_replica(process)]

    def processes(self) -> list[psutil.Process]:
        """Return every process that belongs to it."""
        self._note_processes()
        return list(self._started.values())

    def kill_head(self) -> None:
        """End the head and all that belongs to it at once, as when its machine fails."""
        self._note_processes()
        for process in self._started.values():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(self._started.values(), _END_S)
        self._started.clear()
        if self._head:
            self._head.wait()

    def close(self) -> None:
        """End everything, politely at first."""
        self._note_processes()
        if self._head and self._head.poll() is None:
            self._head.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._head.wait(_END_S)
        self.kill_head()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _note_processes(self) -> None:
        """Remember the head's descendants: those of one that died belong to nobody."""
        if self._head is None:
            return
        with suppress(psutil.NoSuchProcess):
            head = psutil.Process(self._head.pid)
            for process in (head, *head.children(recursive=True)):
                self._started[process.pid] = process
        self._started = {
            pid: process for pid, process in self._started.items() if process.is_running()}


def _is_replica(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return any(part.startswith(_REPLICA) for part in process.cmdline())
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else 'it said nothing'
