import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize(
    'module', ['bit_coder', 'fields', 'fingerprint', 'geometry', 'message_size', 'payload',
               'report', 'utf8', 'video_settings'])
def test_examples_in_docstrings_hold(module):
    results = doctest.testmod(
        import_module(f'slim_split_ros.wire.{module}'), optionflags=doctest.NORMALIZE_WHITESPACE)

    assert results.attempted > 0
    assert results.failed == 0
