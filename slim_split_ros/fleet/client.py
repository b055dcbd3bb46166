"""
The node's end of the bridge to a cluster: kept up, watched, and never waited for.

Whatever happens beyond it, each request has an answer within a limited time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
import math
from threading import Event, Lock, Thread
import time

from slim_split_ros.fleet.bridge import ANSWER, NUMBER_BYTES, STATUS
from slim_split_ros.fleet.bridge_process import FAREWELL_S, POLL_S, BridgeProcess
from slim_split_ros.fleet.cluster_state import ClusterState, Expected, read_status
from slim_split_ros.fleet.errors import BridgeError, MessageError
from slim_split_ros.fleet.messages import (
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
# Of what the bridge has said, before a look at what it has not.
_MOST_HEARD = 64
_FIRST_RETRY_S, _LAST_RETRY_S = 1.0, 30.0
# Who was connected for so long starts again without delay.
_GOOD_S = 10.0
_ENDED = 'the connection to the cluster ended'


@dataclass(slots=True)
class _Connected:
    """Hold one bridge, and what it has in hand."""

    bridge: BridgeProcess
    unanswered: int = 0
    pending: dict[int, tuple[float, Callable[[Answer], None]]] = field(default_factory=dict)


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
        self._up_since_s = math.inf
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
            self._thread.join(FAREWELL_S + 2 * POLL_S)

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
                connected.bridge.send(number.to_bytes(NUMBER_BYTES, 'little') + packed)
                return
        on_answer(lost(self._state.problem or _ENDED))

    def _run(self) -> None:
        retry_s = _FIRST_RETRY_S
        while not self._closed.is_set():
            self._up_since_s = math.inf
            try:
                self._keep_up()
            except (BridgeError, OSError) as error:
                self._say(ClusterState(str(error)))
            if time.monotonic() - self._up_since_s > _GOOD_S:
                retry_s = _FIRST_RETRY_S
            self._closed.wait(retry_s)
            retry_s = min(2 * retry_s, _LAST_RETRY_S)

    def _keep_up(self) -> None:
        """Start a bridge and listen to it until it is no good."""
        connected = _Connected(BridgeProcess(
            self._bridge, self._address, self._deployment, self._environment))
        try:
            with self._lock:
                self._connected = connected
            while not self._closed.is_set():
                # What came while this machine was busy is no silence.
                wait_s = POLL_S
                for _ in range(_MOST_HEARD):
                    if not self._listen(connected, wait_s):
                        break
                    wait_s = 0.0
                self._expire(connected)
        except (BridgeError, OSError) as error:
            # Before its requests are told: who hears of one sends no other.
            self._say(ClusterState(str(error)))
            raise
        finally:
            with self._lock:
                self._connected = None
            connected.bridge.close()
            for _, on_answer in connected.pending.values():
                on_answer(lost(self._state.problem or _ENDED))

    def _listen(self, connected: _Connected, wait_s: float) -> bool:
        """Hear what the bridge says next, if it says something so long; return whether."""
        bridge = connected.bridge
        had_spoken = bridge.has_spoken
        try:
            data = bridge.receive(wait_s)
        except BridgeError as error:
            # Its last words say more than its end.
            said = had_spoken and self._state.problem
            raise BridgeError(said or str(error)) from error
        if data is None:
            return False
        if data[:1] == STATUS:
            self._say(read_status(data[1:], self._deployment, self._expected))
        elif data[:1] == ANSWER:
            self._answer(connected, data[1:1 + NUMBER_BYTES], data[1 + NUMBER_BYTES:])
        return True

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
            raise BridgeError(
                f'the deployment {self._deployment} answers what is no answer ({error}): deploy '
                'it anew with the version of this node') from error
        if answer.outcome is not Outcome.LOST:
            connected.unanswered = 0
        on_answer(answer)
        if isinstance(answer.refusal, FingerprintMismatchError):
            # The node has checked its frames: what is deployed was changed under its name.
            raise BridgeError(f'the deployment {self._deployment} has another model now')

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
            raise BridgeError(
                f'{connected.unanswered} frames one after the other had no answer: see `serve '
                f'status` and the logs of {self._deployment}')

    def _say(self, state: ClusterState) -> None:
        if state.is_up:
            self._up_since_s = min(self._up_since_s, time.monotonic())
        changed = state != self._state
        self._state = state
        if changed:
            self._on_change()

