"""Tests that the examples in this room's docstrings are true."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

MODULES = (
    'health.deliveries', 'health.diagnostics', 'health.findings', 'health.server_time',
    'process.worker', 'settings.onboard_parameters', 'topics.namespaces')


@pytest.mark.parametrize('name', MODULES)
def test_examples_in_docstrings_give_what_they_say(name: str) -> None:
    result = doctest.testmod(import_module(f'slim_split_ros.ros.{name}'))
    assert result.attempted > 0
    assert result.failed == 0
