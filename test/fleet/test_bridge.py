"""Tests of what the bridge makes of Ray's own words where a cluster cannot be used."""

from __future__ import annotations

import pytest

from slim_split_ros.fleet.bridge import explain, explain_no_replica
from slim_split_ros.fleet.names import Address

HEAD = Address('10.0.0.1', 6379)


@pytest.mark.parametrize('ray_version, python_version', [
    ('2.9.3', None), ('99.0.0', None), (None, '3.10.4')])
def test_what_ray_says_of_another_version_becomes_a_line_with_both(
    ray_version: str | None, python_version: str | None
) -> None:
    pytest.importorskip('ray', reason='ray is not here: requirements/fleet.txt')
    from ray._private.utils import check_version_info, compute_version_info

    ours = compute_version_info()
    theirs = {'ray_version': ray_version or ours[0], 'python_version': python_version or ours[1]}
    with pytest.raises(RuntimeError) as raised:
        check_version_info(theirs, 'node 10.0.0.2')

    said = explain(raised.value, HEAD, 'detect-x')

    assert said.startswith(
        'the cluster at 10.0.0.1:6379 has another Ray or Python: install the same (')
    assert '\n' not in said
    for version in (*theirs.values(), *ours):
        assert version in said


@pytest.mark.parametrize('error, words', [
    (ModuleNotFoundError('no', name='ray'), 'ray is not installed: pip install'),
    (ConnectionRefusedError(111, 'Connection refused'), 'no Ray cluster at 10.0.0.1:6379'),
    (ConnectionError('Failed to connect to Ray cluster at 10.0.0.1:6379'), 'this token'),
    (TimeoutError(), 'no replica of detect-x at 10.0.0.1:6379 answers'),
    (RuntimeError('There is no Serve instance running'), 'Serve does not run at 10.0.0.1:6379'),
    (ValueError("Application 'detect-x' does not exist."), 'no deployment detect-x'),
    (RuntimeError('something\nof two lines'), 'cannot be used: something')])
def test_each_kind_of_trouble_has_a_line_of_its_own(error: Exception, words: str) -> None:
    said = explain(error, HEAD, 'detect-x')

    assert words in said and '\n' not in said


def test_what_serve_says_of_a_deployment_without_replicas_is_told_as_its_own_words() -> None:
    assert explain_no_replica('detect-x', 'HEALTHY') == (
        'no replica of detect-x runs (Serve says: HEALTHY): see `serve status`')
