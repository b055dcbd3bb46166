import doctest
from importlib import import_module

import pytest

pytest.importorskip('torch')

pytestmark = pytest.mark.torch


@pytest.mark.parametrize('module', [
    'data.findings', 'data.recordings', 'export.model_folder', 'progress'])
def test_examples_in_docstrings_hold(module):
    results = doctest.testmod(import_module(f'slim_split_ros.training.{module}'))

    assert results.attempted > 0
    assert results.failed == 0
