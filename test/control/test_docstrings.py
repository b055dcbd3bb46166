"""Tests that the examples in this room's docstrings are true."""

import doctest
from importlib import import_module

import pytest

MODULES = ('controller', 'link.stream', 'link.video_service', 'operating_points', 'policy.budget',
           'policy.width_trials', 'ratio')


@pytest.mark.parametrize('name', MODULES)
def test_examples_in_docstrings_give_what_they_say(name: str) -> None:
    result = doctest.testmod(import_module(f'slim_split_ros.control.{name}'))
    assert result.attempted > 0
    assert result.failed == 0
