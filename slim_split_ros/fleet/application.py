"""
The Serve application: replicas that hold one model and answer frames.

    serve run slim_split_ros.fleet.application:build model=/models/robocup

A configuration file names `build` as its `import_path` (docs/fleet.md). Only what the cluster
runs, and what deploys it, imports this file.
"""

# Not with annotations as texts: Serve looks at `build` for the type of its arguments.
import asyncio
from concurrent.futures import ThreadPoolExecutor
import os
from pathlib import Path
import time

from pydantic import BaseModel, ConfigDict, Field, PositiveInt
from ray import serve
from ray.serve.config import RequestRouterConfig
from ray.serve.metrics import Counter

from slim_split_ros.detectors import load_detector
from slim_split_ros.fleet.frame_server import FrameServer
from slim_split_ros.fleet.names import deployment_name
from slim_split_ros.fleet.router import VideoRouter
from slim_split_ros.offboard import load_server
from slim_split_ros.wire import load_manifest

SHIPPED, NO_DETECTOR = 'shipped', 'none'
# A batch waits so long for its last frame.
BATCH_WAIT_S = 0.005
# One batch of this age has not come back from its runtime, and will not.
WEDGED_S = 10.0
MOST_FAILURES = 5
# As many frames as a replica is given: those in hand, and as many that wait beside it.
_HELD_BATCHES = 2
# Frames that wait at one node for a replica; more are refused at once, and reported.
_MOST_QUEUED = 64
# While the replica that is wanted has enough, it is asked again so soon: a service takes longer.
_FIRST_BACKOFF_S, _LAST_BACKOFF_S = 0.005, 0.02


class ReplicaArguments(BaseModel):
    """
    Say what is deployed; `most_together` above 1 is worth it on GPUs alone.

    A replica runs on as many threads as `num_cpus` has whole ones: with more than its own, those
    of one machine slow each other down.

    With `replicas` there are so many; else 1 to `most_replicas`, by what is asked of them.
    """

    model_config = ConfigDict(extra='forbid')

    model: str
    detector: str = Field(SHIPPED, min_length=1)
    device: str = 'cpu'
    replicas: PositiveInt | None = None
    most_replicas: PositiveInt = 4
    most_together: PositiveInt = 1
    num_cpus: float = 1.0
    num_gpus: float = 0.0


class Replica:
    """Hold one model; Serve makes it and calls its methods, one event loop for all."""

    def __init__(
        self, model: str, detector: str, device: str, most_together: int, threads: int,
        fingerprint: int,
    ) -> None:
        manifest = load_manifest(Path(model))
        if manifest.fingerprint != fingerprint:
            raise RuntimeError(
                f'{model} holds model {manifest.fingerprint:016x} here, {fingerprint:016x} where '
                'it was deployed: give all machines the same files')
        loaded = (None if detector in (SHIPPED, NO_DETECTOR)
                  else load_detector(Path(os.path.expanduser(detector)), threads))
        classes = {SHIPPED: manifest.classes, NO_DETECTOR: ()}.get(
            detector, loaded.classes if loaded else ())
        server = load_server(
            manifest, device, threads, detector=loaded, detects=detector != NO_DETECTOR)
        self._frames = FrameServer(
            manifest, server, classes, _HELD_BATCHES * most_together, time.time,
            time.monotonic, serve.get_replica_context().replica_id.unique_id)
        # The runtime takes long and holds its thread: the loop goes on, and sees if it is stuck.
        self._thread = ThreadPoolExecutor(1, 'frames')
        self._started_s: float | None = None
        self._counted = Counter(
            'slim_split_frames', 'frames by what became of them: served, late or refused',
            tag_keys=('outcome',))
        self._serve_batch.set_max_batch_size(most_together)
        self._serve_batch.set_batch_wait_timeout_s(BATCH_WAIT_S if most_together > 1 else 0.0)

    async def facts(self) -> str:
        """Say as JSON what is served here."""
        return self._frames.facts

    async def serve_frame(self, request: bytes) -> bytes:
        """Answer a packed request by a packed answer."""
        return await self._serve_batch(request)

    async def check_health(self) -> None:
        """Raise where the runtime does not come back, or fails frame after frame."""
        started_s = self._started_s
        if started_s is not None and time.monotonic() - started_s > WEDGED_S:
            raise RuntimeError(f'a batch has been in hand for more than {WEDGED_S:g} s')
        if self._frames.failed_in_a_row >= MOST_FAILURES:
            raise RuntimeError(f'{MOST_FAILURES} frames failed one after the other')

    @serve.batch
    async def _serve_batch(self, requests: list[bytes]) -> list[bytes]:
        self._started_s = time.monotonic()
        try:
            answers = await asyncio.get_running_loop().run_in_executor(
                self._thread, self._frames.serve, requests)
        finally:
            self._started_s = None
        for outcome, number in self._frames.take_outcomes().items():
            self._counted.inc(number, {'outcome': outcome})
        return answers


def build(arguments: ReplicaArguments) -> serve.Application:
    """Return the application for one model, named after its fingerprint."""
    fingerprint = load_manifest(Path(arguments.model)).fingerprint
    held = _HELD_BATCHES * arguments.most_together
    scaling = {'num_replicas': arguments.replicas} if arguments.replicas else {
        'autoscaling_config': {
            'min_replicas': 1, 'max_replicas': arguments.most_replicas,
            'target_ongoing_requests': arguments.most_together}}
    deployment = serve.deployment(
        Replica, name=deployment_name(fingerprint), max_ongoing_requests=held,
        max_queued_requests=_MOST_QUEUED, health_check_period_s=2.0, health_check_timeout_s=5.0,
        request_router_config=RequestRouterConfig(
            request_router_class=VideoRouter, initial_backoff_s=_FIRST_BACKOFF_S,
            max_backoff_s=_LAST_BACKOFF_S),
        graceful_shutdown_timeout_s=5.0, graceful_shutdown_wait_loop_s=0.1,
        ray_actor_options={
            'num_cpus': arguments.num_cpus, 'num_gpus': arguments.num_gpus}, **scaling)
    return deployment.bind(
        arguments.model, arguments.detector, arguments.device, arguments.most_together,
        max(1, int(arguments.num_cpus)), fingerprint)

