"""What a node expects of a deployment, and what it knows of it from what its bridge says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import json

from slim_split_ros.fleet.errors import BridgeError
from slim_split_ros.fleet.messages import PROTOCOL

CONNECTING = 'connecting'


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

    problem: str = CONNECTING
    replicas: int = 0
    held: int = 0
    place: str = ''

    @property
    def is_awaited(self) -> bool:
        """Whether it is too early to tell."""
        return self.problem == CONNECTING

    @property
    def is_up(self) -> bool:
        """Whether frames may be sent there."""
        return not self.problem


def read_status(data: bytes, deployment: str, expected: Expected) -> ClusterState:
    """
    Return what a bridge's JSON says of a deployment.

    Raises BridgeError for nonsense, and for a deployment of something else than expected.
    """
    try:
        status = json.loads(data)
        problem, facts = str(status.get('problem', '')), status.get('facts')
        if facts is None or problem:
            return ClusterState(problem or CONNECTING)
        mismatch = _mismatch(facts, deployment, expected)
        state = ClusterState(
            '', int(status['replicas']), int(facts['held']), str(facts['place']))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BridgeError(
            f'the deployment {deployment} says of itself what nobody understands '
            f'({error!r:.100}): deploy it anew with this version') from error
    if mismatch:
        raise BridgeError(mismatch)
    return state


def _mismatch(facts: Mapping[str, object], deployment: str, expected: Expected) -> str:
    if facts['protocol'] != PROTOCOL:
        return (f'the deployment {deployment} is of another version of this package: deploy it '
                'anew with the version of this node')
    if facts['fingerprint'] != f'{expected.fingerprint:016x}':
        return (f'the deployment {deployment} serves model {facts["fingerprint"]}, this node has '
                f'{expected.fingerprint:016x}: give both the same model, or leave the parameter '
                '`deployment` empty')
    if tuple(facts['classes']) != expected.classes:
        return (f'the deployment {deployment} finds other classes than this node: give both the '
                'same `detector`')
    return ''
