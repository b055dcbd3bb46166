"""Detecting in the frames that are served: several at a time, given back in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
import time

from slim_split_ros.bags.replay.events import FrameServed, ReplayEvent
from slim_split_ros.offboard import Served, Server

_MS_PER_S = 1e3
# Results that wait for an earlier one hold a picture each, and so do images behind them.
_AHEAD = 2
_MOST_WAITING = 32


@dataclass(frozen=True, slots=True)
class Answered:
    """Hold what the server made of a frame, and what it took on this machine."""

    event: FrameServed
    served: Served
    server_ms: float


class ServerPool:
    """
    Serve frames on servers of one model, each in a thread at a time.

    Two servers of one thread give more frames a second than one of two threads.
    """

    def __init__(self, servers: Sequence[Server], score_threshold: float) -> None:
        self._free: SimpleQueue[Server] = SimpleQueue()
        for server in servers:
            self._free.put(server)
        self._count = len(servers)
        self._score_threshold = score_threshold

    def answer(self, events: Iterator[ReplayEvent]) -> Iterator[ReplayEvent | Answered]:
        """Yield the events in their order, with an answer in the place of each served frame."""
        waiting: deque[tuple[ReplayEvent, Future[Answered] | None]] = deque()
        under_way = 0
        with ThreadPoolExecutor(self._count) as threads:
            for event in events:
                future = None
                if isinstance(event, FrameServed):
                    future = threads.submit(self._serve, event)
                    under_way += 1
                waiting.append((event, future))
                while waiting and (
                    waiting[0][1] is None or waiting[0][1].done()
                    or under_way > _AHEAD * self._count or len(waiting) > _MOST_WAITING
                ):
                    first, done = waiting.popleft()
                    under_way -= done is not None
                    yield first if done is None else done.result()
            for event, future in waiting:
                yield event if future is None else future.result()

    def _serve(self, event: FrameServed) -> Answered:
        server = self._free.get()
        started_s = time.perf_counter()
        try:
            served, = server.serve([event.decoded], self._score_threshold)
        finally:
            self._free.put(server)
        server_ms = _MS_PER_S * (time.perf_counter() - started_s)
        return Answered(event, served, event.decode_ms + server_ms)
