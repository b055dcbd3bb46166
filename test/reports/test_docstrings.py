"""Do the examples of the room run?"""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize(
    'module', ['evaluation_page', 'evaluation_summary', 'evaluation_widths', 'page',
               'rate_curves', 'text_table'])
def test_examples_run(module):
    results = doctest.testmod(import_module(f'slim_split_ros.reports.{module}'))

    assert results.attempted > 0
    assert results.failed == 0
