"""
A process of its own between a node and a Ray cluster: requests in, answers out, over a socket.

    python -m slim_split_ros.fleet.bridge DESCRIPTOR HOST:PORT DEPLOYMENT

Ray ends a process whose cluster dies, and may take its time to find that there is none; this one
may end or hang, the node goes on. It ends by itself when the node does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import CancelledError
import ctypes
from dataclasses import dataclass
import json
import logging
from multiprocessing.connection import Connection
import os
import signal
import socket
import sys
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, NoReturn

from slim_split_ros.fleet.errors import BridgeError
from slim_split_ros.fleet.messages import Answer, Outcome, lost, pack_answer, video_key
from slim_split_ros.fleet.names import Address, read_address, video_place

if TYPE_CHECKING:
    from ray.serve.handle import DeploymentHandle

STATUS, ANSWER = b's', b'a'
NUMBER_BYTES = 8
_STATUS_PERIOD_S = 1.0
_REACH_S = 2.0
_FAREWELL_S = 1.0
_FACTS_S = 10.0


class Bridge:
    """Pass packed requests on to a deployment and its packed answers back."""

    def __init__(self, pipe: Connection, address: Address, deployment: str) -> None:
        self._pipe, self._address, self._deployment = pipe, address, deployment
        self._sending = Lock()
        # A task that nobody refers to may be collected.
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self) -> None:
        """Connect and pass on until the node closes its end; a problem is told to the node."""
        try:
            self._connect()
        except Exception as error:  # the border of the process: the node says it to people
            self._end(error)
        asyncio.run(self._pass_on_until_the_end())

    def _connect(self) -> None:
        reach_head(self._address)
        import ray

        ray.init(
            address=str(self._address), log_to_driver=False, logging_level=logging.ERROR,
            namespace='serve')

    def _end(self, error: Exception) -> NoReturn:
        self._tell({'problem': explain(error, self._address, self._deployment)})
        os._exit(1)  # Ray's own end may take long without a cluster

    async def _pass_on_until_the_end(self) -> NoReturn:
        try:
            await self._pass_on()
        except Exception as error:  # as above; from outside the loop it would cancel requests
            self._end(error)
        os._exit(0)

    async def _pass_on(self) -> None:
        from ray import serve

        handle = serve.get_app_handle(self._deployment)
        loop = asyncio.get_running_loop()
        closed = asyncio.Event()
        facts = await _facts(handle)
        Thread(target=self._read, daemon=True, args=(
            lambda data: loop.call_soon_threadsafe(self._start, handle, data),
            lambda: loop.call_soon_threadsafe(closed.set))).start()
        watch = asyncio.ensure_future(self._watch(handle, facts))
        end = asyncio.ensure_future(closed.wait())
        await asyncio.wait([watch, end], return_when=asyncio.FIRST_COMPLETED)
        if watch.done():
            await watch
        if self._tasks:
            # What is on its way is never cancelled: a batch may be stuck for good by that.
            await asyncio.wait(self._tasks, timeout=_FAREWELL_S)

    async def _watch(self, handle: DeploymentHandle, facts: dict[str, Any]) -> None:
        """Tell the node each second how the deployment is; raise once the head is gone."""
        status = asyncio.ensure_future(asyncio.to_thread(_status, self._deployment))
        name, stage, asked = (await status).name, None, None
        while True:
            await asyncio.to_thread(reach_head, self._address)
            if status.done():
                now = await status
                if now.name != name:
                    raise BridgeError(f'another model is deployed as {self._deployment} now')
                # And what is deployed may find other classes than before.
                if now.stage != stage and asked is None:
                    stage, asked = now.stage, asyncio.ensure_future(_facts(handle))
                self._tell({'replicas': now.replicas, 'problem': now.problem, 'facts': facts})
                status = asyncio.ensure_future(asyncio.to_thread(_status, self._deployment))
            if asked and asked.done():
                facts, stage = (asked.result(), stage) if not asked.exception() else (facts, None)
                asked = None
            await asyncio.sleep(_STATUS_PERIOD_S)

    def _read(self, start: Callable[[bytes], object], close: Callable[[], object]) -> None:
        try:
            while True:
                start(self._pipe.recv_bytes())
        except (EOFError, OSError):
            close()

    def _start(self, handle: DeploymentHandle, data: bytes) -> None:
        task = asyncio.ensure_future(self._serve(handle, data))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, handle: DeploymentHandle, data: bytes) -> None:
        number, request = data[:NUMBER_BYTES], data[NUMBER_BYTES:]
        key = video_key(request)
        if key is not None:
            handle = handle.options(multiplexed_model_id=video_place(key))
        answer = await _ask(handle, request)
        self._send(ANSWER + number + answer)

    def _tell(self, status: dict[str, Any]) -> None:
        self._send(STATUS + json.dumps(status).encode())

    def _send(self, data: bytes) -> None:
        try:
            with self._sending:
                self._pipe.send_bytes(data)
        except OSError:
            os._exit(0)  # the node is gone


def reach_head(address: Address) -> None:
    """Raise OSError where nobody listens: Ray itself waits for minutes for a head to come."""
    socket.create_connection((address.host, address.port), _REACH_S).close()


async def _ask(handle: DeploymentHandle, request: bytes) -> bytes:
    """Return a replica's answer, or what is to be said where there is none."""
    from ray.exceptions import RayError
    from ray.serve.exceptions import BackPressureError, RayServeException, RequestCancelledError

    try:
        return bytes(await _result(handle.serve_frame.remote(request)))
    except BackPressureError as error:
        return pack_answer(Answer(Outcome.BUSY, sentence=str(error)))
    except (RequestCancelledError, CancelledError, asyncio.CancelledError) as error:
        return pack_answer(lost(f'the request was cancelled: {error}'))
    except (RayError, RayServeException, TypeError) as error:
        return pack_answer(lost(f'no replica answered: {_first_line(error)}'))


async def _result(response: Any) -> Any:
    return await response


async def _facts(handle: DeploymentHandle) -> dict[str, Any]:
    """Return what a replica says of itself; raise TimeoutError if none does."""
    return json.loads(await asyncio.wait_for(
        asyncio.shield(_result(handle.facts.remote())), _FACTS_S))


@dataclass(frozen=True, slots=True)
class _Status:
    """Hold how many replicas run, what is wrong, and what changes with what is deployed."""

    name: str
    replicas: int
    problem: str
    stage: tuple[float, str]


def _status(deployment: str) -> _Status:
    """Return how the deployment is, as Serve sees it."""
    from ray import serve

    application = serve.status().applications.get(deployment)
    if application is None or not application.deployments:  # none while it is being deleted
        raise BridgeError(f'the application {deployment} was deleted: deploy it again')
    ((name, found), *_) = application.deployments.items()
    running = found.replica_states.get('RUNNING', 0)
    problem = '' if running else explain_no_replica(
        deployment, found.message or found.status.value)
    return _Status(
        name, running, problem, (application.last_deployed_time_s, found.status.value))


def explain(error: Exception, address: Address, deployment: str) -> str:
    """Say what is wrong, and what to do, in one line."""
    text = _first_line(error)
    if isinstance(error, BridgeError):
        return text
    if isinstance(error, ModuleNotFoundError):
        return (f"{error.name} is not installed: pip install '.[fleet]' in a checkout, or beside "
                "an installed ROS 'ray[serve]==2.60.*' 'numpy<2'; or set the parameter `backend` "
                'to local')
    if 'ersion mismatch: ' in str(error):
        # Both sides' versions, a line each.
        versions = ' '.join(str(error).split()).partition(': ')[2]
        return f'the cluster at {address} has another Ray or Python: install the same ({versions})'
    if 'does not exist' in str(error):
        return (f'no deployment {deployment} at {address}: deploy this model there, or set the '
                'parameters `model` and `deployment` to what is there')
    if 'no Serve' in str(error) or 'no controller' in str(error) or 'Serve instance' in str(error):
        return f'Serve does not run at {address}: deploy the model there (docs/fleet.md)'
    if isinstance(error, (TimeoutError, asyncio.TimeoutError)) and not str(error):
        return f'no replica of {deployment} at {address} answers: see its logs and `serve status`'
    if 'Failed to connect to Ray' in str(error):  # though somebody listens: `reach_head`
        return explain_stranger(address)
    if isinstance(error, OSError):
        return (f'no Ray cluster at {address} ({text}): start it there with `ray start --head`, '
                'or give the `ray_address` of another')
    return f'the cluster at {address} cannot be used: {text}'


def explain_stranger(address: Address) -> str:
    """Say what is wrong where somebody listens, but none who takes this process for its own."""
    return (f'what listens at {address} is no Ray cluster, or does not know this token: see that '
            'RAY_AUTH_MODE and RAY_AUTH_TOKEN_PATH are those of the head')


def explain_no_replica(deployment: str, said: str) -> str:
    """Say that no replica runs, whatever Serve said of the deployment: `HEALTHY` at times."""
    return f'no replica of {deployment} runs (Serve says: {said}): see `serve status`'


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__


def main() -> None:
    """Read the arguments, and pass on."""
    # With whoever started it, however that ends: prctl(2), PR_SET_PDEATHSIG.
    ctypes.CDLL(None).prctl(1, int(signal.SIGTERM))
    descriptor, address, deployment = sys.argv[1:]
    Bridge(Connection(int(descriptor)), read_address(address), deployment).run()


if __name__ == '__main__':
    main()
