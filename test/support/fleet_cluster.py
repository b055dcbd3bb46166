"""A Ray cluster on this machine for tests, with two replicas of a tiny model with video."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
from threading import Event
import time

from slim_split_ros.fleet import read_address
from slim_split_ros.fleet.client import FleetClient
from slim_split_ros.fleet.cluster_state import Expected
from slim_split_ros.fleet.local_cluster import LocalCluster
from slim_split_ros.fleet.messages import Answer, Request
from slim_split_ros.wire import Manifest, load_manifest
from support.bundles import write_tiny_bundle

REPLICAS = 2
WAIT_S = 60.0


@dataclass(frozen=True)
class DeployedCluster:
    """What runs, and how to reach it."""

    cluster: LocalCluster
    folder: Path
    deployment: str

    @property
    def manifest(self) -> Manifest:
        """Give the model that the replicas hold."""
        return load_manifest(self.folder)

    @contextmanager
    def client(
        self, deployment: str = '', expected: Expected | None = None,
        environment: dict[str, str] | None = None,
    ) -> Iterator[FleetClient]:
        """Give a client that lets go at the end."""
        manifest = self.manifest
        client = FleetClient(
            read_address(self.cluster.address), deployment or self.deployment,
            expected or Expected(manifest.fingerprint, manifest.classes),
            {**os.environ, **self.cluster.environment, **(environment or {})})
        client.start()
        try:
            yield client
        finally:
            client.close()


@contextmanager
def deployed_cluster(folder: Path) -> Iterator[DeployedCluster]:
    """Run a cluster until the end of the context."""
    bundle = write_tiny_bundle(folder / 'model', with_pictures=True, with_video=True)
    with LocalCluster(num_cpus=2) as cluster:
        yield DeployedCluster(cluster, bundle, cluster.deploy(bundle, REPLICAS))
        processes = cluster.processes()
    # Whatever the tests did to it, nothing of it is left.
    assert len(processes) > REPLICAS
    assert not [process for process in processes if process.is_running()]


def wait_until(condition: object, what: str) -> None:
    """Wait for a condition."""
    limit_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < limit_s, f'never came: {what}'
        time.sleep(0.05)


def ask(client: FleetClient, request: Request) -> Answer:
    """Send a request and wait for its answer."""
    came, answers = Event(), []
    client.send(request, lambda answer: (answers.append(answer), came.set()))
    assert came.wait(WAIT_S), 'an answer never came'
    (answer,) = answers
    return answer
