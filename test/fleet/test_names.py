"""Tests of addresses that a node connects to, and of names in the cluster."""

from __future__ import annotations

import pytest

from slim_split_ros.fleet import AddressError, check_address, is_deployment_name, read_address
from slim_split_ros.fleet.names import VIDEO_PLACES, video_place


@pytest.mark.parametrize('text', ['127.0.0.1:6379', 'localhost:6379', '[::1]:6379', '127.8.0.1:1'])
def test_a_cluster_on_this_machine_needs_nothing(text: str) -> None:
    check_address(read_address(text), {})


@pytest.mark.parametrize('text', ['10.0.0.5:6379', '0.0.0.0:6379', 'head.example:6379'])
def test_a_cluster_elsewhere_needs_a_token(text: str) -> None:
    with pytest.raises(AddressError, match='RAY_AUTH_MODE=token'):
        check_address(read_address(text), {'RAY_AUTH_MODE': 'disabled'})
    check_address(read_address(text), {'RAY_AUTH_MODE': 'token'})


@pytest.mark.parametrize('text', ['localhost:6379', '10.0.0.5:1', '[::1]:6379'])
def test_an_address_is_written_as_it_is_read(text: str) -> None:
    assert str(read_address(text)) == text


@pytest.mark.parametrize('text', [
    'auto', '', 'ray://head:10001x', 'head:', ':6379', 'head:70000',
    '::1:6379', '[]:6379', 'ray://head:10001', 'he ad:1', 'head:' + '1' * 5000])
def test_an_address_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(AddressError, match='host:port'):
        read_address(text)


def test_names_of_deployments_are_plain_words() -> None:
    assert is_deployment_name('detect-00ff')
    assert not any(map(is_deployment_name, ('', 'a b', 'a/b', 'a' * 65)))


def test_robots_have_few_places_so_that_labels_are_bounded() -> None:
    assert len({video_place(key) for key in range(10_000)}) == VIDEO_PLACES
