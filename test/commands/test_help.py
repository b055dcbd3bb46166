"""Does the help of every command say what each option means and what it is without a word?"""

from __future__ import annotations

import argparse

import pytest

from slim_split_ros.commands import COMMANDS

OPTIONS = [
    pytest.param(action, id=f'{name} {action.option_strings[0]}')
    for name, command in COMMANDS.items()
    for parsers in [argparse.ArgumentParser().add_subparsers()]
    for parser in [command.add_parser(parsers) or parsers.choices[name]]
    for action in parser._actions if action.option_strings]


@pytest.mark.parametrize('action', OPTIONS)
def test_every_option_says_what_it_is_and_its_default(action: argparse.Action) -> None:
    assert action.help
    if action.default and action.default != argparse.SUPPRESS:
        assert '(default: ' in action.help
