import importlib.util

import numpy as np
import pytest

import slim_split_ros
from slim_split_ros.wire import ans_coder
from slim_split_ros.wire.entropy_native import LIBRARY_PATTERN, native_coder
from slim_split_ros.wire.entropy_tables import ChannelTable, ChannelTables


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Give the only folder where the library is looked for, empty."""
    monkeypatch.setattr(slim_split_ros, '__path__', [str(tmp_path)])
    native_coder.cache_clear()
    yield tmp_path
    native_coder.cache_clear()


@pytest.mark.ros
def test_whoever_built_the_messages_has_the_compiled_coder():
    if importlib.util.find_spec('slim_split_ros.msg') is None:
        pytest.skip('the messages are not built here')

    assert native_coder().lack == ''


def test_without_the_library_frames_are_coded_and_the_lack_is_named(installed):
    tables = ChannelTables((ChannelTable(0, (2000, 2000, 96)),))
    symbols = np.array([[[0, 1, 1], [1, 0, 9]]], np.int8)

    stream = ans_coder.encode_symbols(symbols, tables)

    assert np.array_equal(ans_coder.decode_symbols(stream, symbols.shape, tables), symbols)
    assert native_coder().library is None
    assert native_coder().lack.startswith('the compiled entropy coder is not installed: frames')


def test_a_library_that_does_not_load_is_named(installed):
    path = installed / LIBRARY_PATTERN.replace('*', '_of_another_machine')
    path.parent.mkdir()
    path.write_bytes(b'no library')

    assert native_coder().library is None
    assert f'{path} does not load' in native_coder().lack
