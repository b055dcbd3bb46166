"""Tests of what a node makes of a deployment's own words, which may be anybody's."""

from __future__ import annotations

import json

import pytest

from slim_split_ros.fleet.cluster_state import ClusterState, Expected, read_status
from slim_split_ros.fleet.errors import BridgeError

FACTS = {'protocol': 1, 'fingerprint': f'{1:016x}', 'classes': ['ball'], 'held': 2, 'place': 'CPU'}
EXPECTED = Expected(1, ('ball',))


def read(**said: object) -> ClusterState:
    return read_status(json.dumps(said).encode(), 'detect-x', EXPECTED)


def test_a_deployment_of_the_nodes_own_model_is_used() -> None:
    state = read(replicas=2, problem='', facts=FACTS)

    assert state == ClusterState('', 2, 2, 'CPU') and state.is_up


@pytest.mark.parametrize('facts, words', [
    ({'fingerprint': 'abc'}, 'serves model abc'), ({'classes': ['cat']}, 'other classes'),
    ({'protocol': 99}, 'another version')])
def test_what_does_not_fit_the_node_is_named_with_a_way_out(
    facts: dict[str, object], words: str
) -> None:
    with pytest.raises(BridgeError, match=f'detect-x .*{words}'):
        read(replicas=2, problem='', facts=FACTS | facts)


def test_before_and_beside_facts_the_problem_is_what_the_bridge_says() -> None:
    assert read(problem='').problem == 'connecting'
    assert read(problem='no replica runs', replicas=0, facts=FACTS).problem == 'no replica runs'


@pytest.mark.parametrize('data', [
    b'', b'{', b'7', b'[]', b'\xff', b'{"facts": 3}', b'{"facts": {}, "replicas": 1}',
    json.dumps({'replicas': 'x', 'facts': FACTS}).encode(),
    json.dumps({'replicas': 1, 'facts': FACTS | {'held': 'many'}}).encode()])
def test_nonsense_ends_the_bridge_with_a_sentence(data: bytes) -> None:
    with pytest.raises(BridgeError, match='detect-x says of itself what nobody understands'):
        read_status(data, 'detect-x', EXPECTED)
