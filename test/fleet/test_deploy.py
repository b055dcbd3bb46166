"""Tests of `fleet.deploy` where nothing can be deployed; no cluster is needed, nor Ray."""

from __future__ import annotations

from pathlib import Path
import socket
import sys

import pytest

from slim_split_ros.fleet.deploy import main

NOWHERE = '127.0.0.1:9'


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> object:
    """Give a function that deploys, and returns exit status and the last line said."""
    monkeypatch.delenv('RAY_AUTH_MODE', raising=False)

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, 'argv', ['deploy', *arguments])
        try:
            status = main()
        except SystemExit as end:
            status = end.code
        return status, capsys.readouterr().err.splitlines()[-1]

    return run


@pytest.mark.parametrize('arguments, words', [
    (['--replicas=0'], '--replicas is 0: give 1 or more'),
    (['--num-cpus=nan'], '--num-cpus is nan: give'),
    (['--num-cpus=0'], '--num-cpus is 0: give'),
    (['--name=a b'], "--name is 'a b': use letters")])
def test_a_wrong_argument_is_named_with_its_value_and_a_way_out(
    deploy: object, arguments: list[str], words: str
) -> None:
    status, said = deploy(NOWHERE, 'model', *arguments)

    assert status == 2 and words in said


@pytest.mark.parametrize('address, words', [
    ('head', "ray_address is 'head': give host:port"),
    ('10.0.0.1:6379', 'Set RAY_AUTH_MODE=token'),
    (NOWHERE, 'no Ray cluster at 127.0.0.1:9')])
def test_a_cluster_that_cannot_be_used_is_named_at_once(
    deploy: object, tiny_bundle: Path, address: str, words: str
) -> None:
    status, said = deploy(address, str(tiny_bundle))

    assert status == 1 and said.startswith('deploy: ') and words in said


def test_a_folder_that_is_no_model_is_named_before_any_cluster_is_asked(
    deploy: object, tmp_path: Path
) -> None:
    with socket.create_server(('127.0.0.1', 0)) as cluster:
        cluster.settimeout(0.0)
        status, said = deploy(f'127.0.0.1:{cluster.getsockname()[1]}', str(tmp_path))

        assert status == 1 and str(tmp_path) in said
        with pytest.raises(BlockingIOError):
            cluster.accept()
