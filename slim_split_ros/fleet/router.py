"""How Serve chooses a replica: for video the one that has it, else the idler of two."""

from __future__ import annotations

import random
import time
from typing import Any

from ray.serve.request_router import PendingRequest, RequestRouter, RunningReplica

from slim_split_ros.fleet.places import Places


class VideoRouter(RequestRouter):
    """Send what names a place to its keeper alone, and wait for that one where it is busy."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._places = Places()

    async def choose_replicas(
        self, candidate_replicas: list[RunningReplica],
        pending_request: PendingRequest | None = None,
    ) -> list[list[RunningReplica]]:
        """Return the replica of a place, or two of which Serve takes the one with less to do."""
        if not candidate_replicas:
            return []
        place = pending_request.metadata.multiplexed_model_id if pending_request else ''
        if not place:
            return [random.sample(candidate_replicas, min(2, len(candidate_replicas)))]
        by_name = {replica.replica_id.unique_id: replica for replica in candidate_replicas}
        return [[by_name[self._places.keeper(place, by_name, time.monotonic())]]]
