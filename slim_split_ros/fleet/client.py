"""
The node's end of the bridge to a cluster: kept up, watched, and never waited for.

Whatever happens beyond it, each request has an answer within a limited time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
import json
from multiprocessing.connection import Connection
import socket
import struct
import subprocess
import sys
from threading import Event, Lock, Thread
import time

from slim_split_ros.fleet.bridge import ANSWER, NUMBER_BYTES, STATUS
from slim_split_ros.fleet.errors import MessageError
from slim_split_ros.fleet.messages import (
    PROTOCOL,
    Answer,
    Outcome,
    Request,
    lost,
    pack_request,
    unpack_answer,
)
from slim_split_ros.fleet.names import Address
from slim_split_ros.offboard import LONGEST_WAIT_S, FingerprintMismatchError

BRIDGE = ('-m', 'slim_split_ros.fleet.bridge')
# Beyond its deadline, for what is on its way.
GRACE_S = 2.0
# Requests without an answer, one after the other, until the cluster is taken for stuck.
_MOST_UNANSWERED = 3
# Ray takes 1 to 3 s to connect here; beyond this it hangs. While it is connected, it says each
# second how the deployment is.
_CONNECT_S = 30.0
_SILENCE_S = 6.0
_FIRST_RETRY_S, _LAST_RETRY_S = 1.0, 30.0
# Who was connected for so long starts again without delay.
_GOOD_S = 10.0
_POLL_S = 0.1
_SEND_LIMIT = struct.pack('ll', 1, 0)  # s, us
_FAREWELL_S = 0.3


@dataclass(frozen=True, slots=True)
class Expected:
    """Name what the cluster must serve to be used in a node's place."""

    fingerprint: int
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClusterState:
    """
    Hold what is known of the cluster; `problem` is empty where it can be used.

    `held` is how many frames each of its replicas is given at once.
    """

    problem: str = 'connecting'
    replicas: int = 0
    held: int = 0
    place: str = ''

    @property
    def is_up(self) -> bool:
        """Whether frames may be sent there."""
        return not self.problem


@dataclass(slots=True)
class _Connected:
    """Hold one bridge, and what it has in hand."""

    process: subprocess.Popen[bytes]
    pipe: Connection
    started_s: float
    heard_s: float
    unanswered: int = 0
    pending: dict[int, tuple[float, Callable[[Answer], None]]] = field(default_factory=dict)


class _BrokenError(Exception):
    """Say why a bridge is given up."""


class FleetClient:
    """
    Keep a connection to a deployment, for one node, through a `bridge` that Python is given.

    Answers come by calls from a thread of its own, or at once where there is no cluster.

        client = FleetClient(address, name, Expected(fingerprint, classes), os.environ)
        client.start()
        client.send(request, on_answer)
    """

    def __init__(
        self, address: Address, deployment: str, expected: Expected,
        environment: Mapping[str, str], on_change: Callable[[], None] = lambda: None,
        bridge: Sequence[str] = BRIDGE,
    ) -> None:
        self._address, self._deployment = address, deployment
        self._expected, self._environment = expected, dict(environment)
        self._on_change, self._bridge = on_change, tuple(bridge)
        self._lock = Lock()
        self._connected: _Connected | None = None
        self._number = 0
        self._state = ClusterState()
        self._closed = Event()
        self._thread = Thread(target=self._run, name='fleet', daemon=True)

    @property
    def state(self) -> ClusterState:
        """Say how the cluster is now."""
        return self._state

    def start(self) -> None:
        """Connect, and stay connected, from now on."""
        self._thread.start()

    def close(self) -> None:
        """Let go of the cluster; requests in hand are answered as lost."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(_FAREWELL_S + 2 * _POLL_S)

    def send(self, request: Request, on_answer: Callable[[Answer], None]) -> None:
        """Send a request; its answer comes, in any case, by one call of `on_answer`."""
        packed = pack_request(request)
        limit_s = time.monotonic() + LONGEST_WAIT_S + GRACE_S
        with self._lock:
            connected = self._connected if self._state.is_up else None
            if connected:
                self._number += 1
                number = self._number
                connected.pending[number] = limit_s, on_answer
                try:
                    connected.pipe.send_bytes(number.to_bytes(NUMBER_BYTES, 'little') + packed)
                except OSError:
                    # The bridge is stuck, or gone: its process is, and its thread sees that.
                    connected.process.kill()
                return
        on_answer(lost(self._state.problem))

    def _run(self) -> None:
        retry_s = _FIRST_RETRY_S
        while not self._closed.is_set():
            started_s = time.monotonic()
            try:
                self._keep_up()
            except (_BrokenError, OSError) as error:
                self._say(ClusterState(str(error)))
            if time.monotonic() - started_s > _GOOD_S:
                retry_s = _FIRST_RETRY_S
            self._closed.wait(retry_s)
            retry_s = min(2 * retry_s, _LAST_RETRY_S)

    def _keep_up(self) -> None:
        """Start a bridge and listen to it until it is no good."""
        connected = self._connect()
        try:
            with self._lock:
                self._connected = connected
            while not self._closed.is_set():
                self._listen(connected)
                self._expire(connected)
        finally:
            with self._lock:
                self._connected = None
            connected.pipe.close()
            try:
                connected.process.wait(_FAREWELL_S)
            except subprocess.TimeoutExpired:
                connected.process.kill()
                connected.process.wait()
            for _, on_answer in connected.pending.values():
                on_answer(lost(self._state.problem or 'the connection to the cluster ended'))

    def _connect(self) -> _Connected:
        ours, theirs = socket.socketpair()
        # Nothing waits for a bridge that does not read.
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_LIMIT)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, *self._bridge, str(theirs.fileno()),
                 f'{self._address.host}:{self._address.port}', self._deployment],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True,
                env={**self._environment, 'RAY_USAGE_STATS_ENABLED': '0'})
        now_s = time.monotonic()
        return _Connected(process, Connection(ours.detach()), now_s, now_s)

    def _listen(self, connected: _Connected) -> None:
        try:
            if not connected.pipe.poll(_POLL_S):
                self._check_silence(connected)
                return
            data = connected.pipe.recv_bytes()
        except (EOFError, OSError) as error:
            raise _BrokenError(self._last_words(connected)) from error
        connected.heard_s = time.monotonic()
        if data[:1] == STATUS:
            self._say(self._read_status(data[1:]))
        elif data[:1] == ANSWER:
            self._answer(connected, data[1:1 + NUMBER_BYTES], data[1 + NUMBER_BYTES:])

    def _check_silence(self, connected: _Connected) -> None:
        is_new = not self._state.is_up and connected.heard_s == connected.started_s
        limit_s = _CONNECT_S if is_new else _SILENCE_S
        if time.monotonic() - connected.heard_s > limit_s:
            raise _BrokenError(
                f'nothing heard of the cluster for {limit_s:g} s: see `ray status` at '
                f'{self._address.host}')

    def _last_words(self, connected: _Connected) -> str:
        if self._state.problem and connected.heard_s > connected.started_s:
            return self._state.problem
        return (f'the connection to the cluster at {self._address.host}:{self._address.port} '
                'ended: its head is gone, or was started anew')

    def _read_status(self, data: bytes) -> ClusterState:
        try:
            status = json.loads(data)
            problem, facts = str(status.get('problem', '')), status.get('facts')
            if facts is None or problem:
                return ClusterState(problem or 'connecting')
            return ClusterState(
                self._mismatch(facts), int(status['replicas']), int(facts['held']),
                str(facts['place']))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _BrokenError(
                f'the deployment {self._deployment} says of itself what nobody understands '
                f'({error!r:.100}): deploy it anew with this version') from error

    def _mismatch(self, facts: Mapping[str, object]) -> str:
        if facts['protocol'] != PROTOCOL:
            return (f'the deployment {self._deployment} is of another version of this package: '
                    'deploy it anew with the version of this node')
        if facts['fingerprint'] != f'{self._expected.fingerprint:016x}':
            return (f'the deployment {self._deployment} serves model {facts["fingerprint"]}, this '
                    f'node has {self._expected.fingerprint:016x}: give both the same model, or '
                    'leave the parameter `deployment` empty')
        if tuple(facts['classes']) != self._expected.classes:
            return (f'the deployment {self._deployment} finds other classes than this node: give '
                    'both the same `detector`')
        return ''

    def _answer(self, connected: _Connected, number: bytes, packed: bytes) -> None:
        with self._lock:
            pending = connected.pending.pop(int.from_bytes(number, 'little'), None)
        if pending is None:
            return
        _, on_answer = pending
        try:
            answer = unpack_answer(packed, len(self._expected.classes))
        except MessageError as error:
            on_answer(lost(str(error)))
            raise _BrokenError(
                f'the deployment {self._deployment} answers what is no answer ({error}): deploy '
                'it anew with the version of this node') from error
        if answer.outcome is not Outcome.LOST:
            connected.unanswered = 0
        on_answer(answer)
        if isinstance(answer.refusal, FingerprintMismatchError):
            # The node has checked its frames: what is deployed was changed under its name.
            raise _BrokenError(f'the deployment {self._deployment} has another model now')

    def _expire(self, connected: _Connected) -> None:
        now_s = time.monotonic()
        with self._lock:
            expired = [number for number, (limit_s, _) in connected.pending.items()
                       if limit_s < now_s]
            callbacks = [connected.pending.pop(number)[1] for number in expired]
        for on_answer in callbacks:
            on_answer(lost('no replica answered in time'))
        connected.unanswered += len(expired)
        if connected.unanswered >= _MOST_UNANSWERED:
            raise _BrokenError(
                f'{connected.unanswered} frames one after the other had no answer: see `serve '
                f'status` and the logs of {self._deployment}')

    def _say(self, state: ClusterState) -> None:
        changed = state != self._state
        self._state = state
        if changed:
            self._on_change()

