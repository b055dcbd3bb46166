"""A bridge to a cluster as a process of the node's, and the pipe between them; no wait is long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
import socket
import struct
import subprocess
import sys
import time

from slim_split_ros.fleet.errors import BridgeError
from slim_split_ros.fleet.names import Address

POLL_S = 0.1
# For its end, before it is killed.
FAREWELL_S = 0.3
# Ray takes 1 to 3 s to connect; beyond this it hangs. While it is connected, it says each second
# how the deployment is.
_CONNECT_S = 30.0
_SILENCE_S = 6.0
_MESSAGE_LIMIT = struct.pack('ll', 1, 0)  # s, us


class BridgeProcess:
    """
    Start Python with the arguments `bridge`; for one thread, except `send`.

    It gets the descriptor of its end of the pipe, the cluster's address and the deployment.
    """

    def __init__(
        self, bridge: Sequence[str], address: Address, deployment: str,
        environment: Mapping[str, str],
    ) -> None:
        self._where = str(address)
        ours, theirs = socket.socketpair()
        # Nothing waits for a bridge that does not read, or ends amid what it writes.
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            ours.setsockopt(socket.SOL_SOCKET, option, _MESSAGE_LIMIT)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, *bridge, str(theirs.fileno()), self._where, deployment],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True,
                env={**environment, 'RAY_USAGE_STATS_ENABLED': '0',
                     # It has one loop, and nothing in it that takes long.
                     'RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP': '0'})
        self._pipe = Connection(ours.detach())
        self._heard_s = time.monotonic()
        self.has_spoken = False

    def send(self, data: bytes) -> None:
        """Send; where the bridge is stuck or gone its process is, and `receive` tells that."""
        try:
            self._pipe.send_bytes(data)
        except OSError:
            self._process.kill()

    def receive(self, wait_s: float = POLL_S) -> bytes | None:
        """Return what it says, None if that is nothing so long; raise BridgeError at its end."""
        try:
            data = self._pipe.recv_bytes() if self._pipe.poll(wait_s) else None
        except (EOFError, OSError) as error:
            raise BridgeError(
                f'the connection to the cluster at {self._where} ended: its head is gone, or was '
                'started anew') from error
        if data is not None:
            self._heard_s, self.has_spoken = time.monotonic(), True
            return data
        limit_s = _SILENCE_S if self.has_spoken else _CONNECT_S
        if time.monotonic() - self._heard_s > limit_s:
            raise BridgeError(
                f'nothing heard of the cluster at {self._where} for {limit_s:g} s: see `ray '
                'status` there')
        return None

    def close(self) -> None:
        """End it."""
        self._pipe.close()
        try:
            self._process.wait(FAREWELL_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
