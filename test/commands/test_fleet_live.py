"""Tests of what the live part of `fleet` refuses before it starts anything."""

from __future__ import annotations

import importlib.util

import pytest

from slim_split_ros.__main__ import main


@pytest.mark.parametrize('arguments, words', [
    (['--costs', 'costs.json'], '--costs is of a plan'), (['--cells', '2'], '--cells is of a'),
    (['--checkpoint', 'robocup'], '--checkpoint is of a plan'),
    (['--deadline-ms', '100'], '--deadline-ms is of a plan'),
    (['--replicas', '17'], '17 replicas do not run on one machine'),
    (['--robots', '33'], '33 robots do not run on one machine')])
def test_what_only_a_plan_knows_is_wrong_use_without_it(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['fleet', *arguments]) == 2
    assert words in capsys.readouterr().err


def test_without_ray_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        'slim_split_ros.commands.fleet_live.find_spec',
        lambda name: None if name == 'ray' else find_spec(name))

    assert main(['fleet', '--robots', '1']) == 1

    assert "ray is not installed: pip install '.[fleet]'" in capsys.readouterr().err
