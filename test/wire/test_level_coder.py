from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from slim_split_ros.wire.entropy_native import native_coder
from slim_split_ros.wire.entropy_tables import ChannelTable
from slim_split_ros.wire.errors import PayloadError
from slim_split_ros.wire.level_coder import decode_levels, encode_levels
from slim_split_ros.wire.level_tables import SILENT, LevelCounts, LevelTables

needs_compiled = pytest.mark.skipif(
    native_coder().library is None, reason=native_coder().lack)
CODERS = [pytest.param(True, marks=needs_compiled, id='compiled'),
          pytest.param(False, id='python')]


@st.composite
def frames(draw):
    """
    Draw int8 (C, h, w), levels first, that are zero where a level sends nothing.

    With tables that may know its symbols or not. Half of the planes rise from left to right, so
    that they are coded as differences.
    """
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    planes, others, levels = draw(st.tuples(st.integers(1, 4), st.integers(1, 9),
                                            st.integers(1, 3)))
    size = draw(st.tuples(st.integers(1, 9), st.integers(1, 12)))
    sent = draw(st.lists(st.integers(0, others), min_size=levels, max_size=levels))
    shape = (planes + others, *size)
    spread = generator.uniform(0.0, draw(st.sampled_from([0.3, 2.0, 60.0])), (shape[0], 1, 1))
    values = np.round(generator.laplace(0.0, spread, shape))
    values[1:planes] += draw(st.sampled_from([0.0, 9.0])) * np.arange(shape[2])
    symbols = np.clip(values, -128, 127).astype(np.int8)
    symbols[0] = generator.integers(0, levels, size)
    silent = np.arange(others)[:, None, None] >= np.array(sent)[symbols[0]]
    symbols[planes:][silent] = 0
    counts = LevelCounts(shape[0], planes, levels)
    counted = symbols.copy()
    if draw(st.booleans()):
        counted[1:] //= 4
        counted[0] = 0
    counts.add(counted)
    return symbols, counts.fit(sent)


@pytest.mark.parametrize('native', CODERS)
@given(frames())
@settings(deadline=None, max_examples=100)
def test_symbols_come_back_whatever_tables_they_are_coded_with(native, frame):
    symbols, tables = frame

    stream = encode_levels(symbols, tables, native)

    assert np.array_equal(decode_levels(stream, symbols.shape, tables, native), symbols)


@needs_compiled
@given(frames())
@settings(deadline=None, max_examples=200)
def test_both_coders_write_the_same_bytes(frame):
    symbols, tables = frame

    assert encode_levels(symbols, tables, native=True) == encode_levels(
        symbols, tables, native=False)


@needs_compiled
@given(frames(), st.binary(max_size=80))
@settings(deadline=None, max_examples=200)
def test_both_coders_read_hostile_bytes_alike(frame, stream):
    symbols, tables = frame

    assert (_outcome(stream, symbols.shape, tables, native=True)
            == _outcome(stream, symbols.shape, tables, native=False))


@pytest.mark.parametrize('native', CODERS)
@given(frames(), st.data())
@settings(deadline=None, max_examples=100)
def test_a_changed_stream_gives_symbols_of_the_shape_or_a_payload_error(native, frame, data):
    symbols, tables = frame
    stream = bytearray(encode_levels(symbols, tables, native))
    for _ in range(data.draw(st.integers(1, 3))):
        stream[data.draw(st.integers(0, len(stream) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        changed = decode_levels(bytes(stream), symbols.shape, tables, native)
    except PayloadError:
        return
    assert changed.shape == symbols.shape
    assert 0 <= changed[0].min() <= changed[0].max() < len(tables.numbers)


@pytest.mark.parametrize('native', CODERS)
@given(frames(), st.data())
@settings(deadline=None, max_examples=60)
def test_a_cut_stream_never_passes(native, frame, data):
    symbols, tables = frame
    stream = encode_levels(symbols, tables, native)
    cut = stream[:data.draw(st.integers(0, len(stream) - 1))]

    outcome = _outcome(cut, symbols.shape, tables, native)

    assert isinstance(outcome, str) or outcome != symbols.tobytes()


@pytest.mark.parametrize('native', CODERS)
@pytest.mark.parametrize(('level', 'complaint'), [
    (2, 'has blocks of levels 2 to 2, the model 0 to 0'),  # its table has no such symbol: escaped
    (-1, 'has blocks of levels -1 to -1, the model 0 to 0'),  # its table has it
])
def test_a_level_out_of_range_is_refused(native, level, complaint):
    tables = LevelTables(
        (ChannelTable(-1, (90, 3900, 90, 16)),), (ChannelTable(0, (4000, 96)),), ((0,),))
    symbols = np.zeros((2, 2, 2), np.int8)
    symbols[0, 1, 1] = level

    with pytest.raises(PayloadError, match=complaint):
        decode_levels(encode_levels(symbols, tables, native), symbols.shape, tables, native)


@pytest.mark.parametrize('native', CODERS)
def test_planes_may_be_all_that_there_is(native):
    tables = LevelTables(
        (ChannelTable(0, (240,) * 17 + (16,)), ChannelTable(0, (2000, 2000, 96))), (), ((), ()))
    symbols = np.array([[[0, 1]], [[1, 7]]], np.int8)

    stream = encode_levels(symbols, tables, native)

    assert np.array_equal(decode_levels(stream, (2, 1, 2), tables, native), symbols)


@pytest.mark.parametrize('native', CODERS)
def test_what_a_level_does_not_send_costs_nothing(native):
    table = ChannelTable(-1, (4000, 90, 6))  # zeros take five bits each
    blocks = ChannelTable(0, (4080, *(1,) * 16))
    quiet = LevelTables((blocks,), (table,), ((SILENT,) * 8, (0,) * 8))
    loud = LevelTables((blocks,), (table,), ((0,) * 8, (0,) * 8))
    symbols = np.zeros((9, 10, 10), np.int8)

    assert len(encode_levels(symbols, quiet, native)) < 10 < len(
        encode_levels(symbols, loud, native))


def test_encoding_leaves_its_symbols_as_they_are():
    symbols = np.zeros((4, 3, 5), np.int8)
    symbols[1] = np.arange(5) + 5 * np.arange(3)[:, None]
    counts = LevelCounts(4, 2, 1)
    counts.add(symbols)
    tables = counts.fit([2])
    before = symbols.copy()

    encode_levels(symbols, tables)

    assert tables.planes[1].of_differences
    assert np.array_equal(symbols, before)


def _outcome(stream, shape, tables, native):
    try:
        return decode_levels(stream, shape, tables, native).tobytes()
    except PayloadError as error:
        return str(error)
