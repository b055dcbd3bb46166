"""How Serve chooses a replica: for video the one that has it, else the idler of two."""

from __future__ import annotations

import random
import time
from typing import Any

from ray.serve.request_router import PendingRequest, ReplicaID, RequestRouter, RunningReplica

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
        now_s = time.monotonic()
        place = ''
        if pending_request:
            place = pending_request.metadata.multiplexed_model_id
            # Or Serve asks again without a pause while those that are chosen have enough.
            pending_request.routing_context.should_backoff = True
        by_name = {replica.replica_id.unique_id: replica for replica in candidate_replicas}
        if place:
            return [[by_name[self._places.keeper(place, by_name, now_s)]]]
        names = self._places.speaking(by_name, now_s)
        return [[by_name[name] for name in random.sample(names, min(2, len(names)))]]

    async def _probe_queue_lens(
        self, replicas: list[RunningReplica], backoff_index: int
    ) -> list[tuple[RunningReplica, int | None]]:
        """Note who answers: one that has enough is not silent."""
        found = await super()._probe_queue_lens(replicas, backoff_index)
        for replica, queue_len in found:
            if queue_len is not None:
                self._places.heard(replica.replica_id.unique_id)
        return found

    def on_new_queue_len_info(self, replica_id: ReplicaID, num_ongoing_requests: int) -> None:
        """Note that a replica answered to a request that was sent to it."""
        super().on_new_queue_len_info(replica_id, num_ongoing_requests)
        self._places.heard(replica_id.unique_id)
