from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from slim_split_ros.wire import ans_coder
from slim_split_ros.wire.entropy_native import native_coder
from slim_split_ros.wire.entropy_tables import (
    ChannelTable,
    ChannelTables,
    count_symbols,
    fit_tables,
)
from slim_split_ros.wire.errors import PayloadError
from slim_split_ros.wire.neighbours import to_differences

needs_compiled = pytest.mark.skipif(
    native_coder().library is None, reason=native_coder().lack)
CODERS = [pytest.param(True, marks=needs_compiled, id='compiled'),
          pytest.param(False, id='python')]


@st.composite
def frames(draw):
    """
    Draw int8 (C, h, w) of varied spread, and tables that may know its symbols or not.

    Half of the frames rise from left to right, so that channels are coded as differences.
    """
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(1, 12)))
    spread = generator.uniform(0.0, draw(st.sampled_from([0.3, 2.0, 60.0])), (shape[0], 1, 1))
    slope = draw(st.sampled_from([0.0, 9.0])) * np.arange(shape[2])
    values = np.round(generator.laplace(0.0, spread, shape) + slope)
    symbols = np.clip(values, -128, 127).astype(np.int8)
    counted = symbols if draw(st.booleans()) else symbols // 4
    return symbols, fit_tables(count_symbols(counted), count_symbols(to_differences(counted)))


@pytest.mark.parametrize('native', CODERS)
@given(frames())
@settings(deadline=None, max_examples=60)
def test_symbols_come_back_whatever_tables_they_are_coded_with(native, frame):
    symbols, tables = frame

    stream = ans_coder.encode_symbols(symbols, tables, native)

    assert np.array_equal(ans_coder.decode_symbols(stream, symbols.shape, tables, native), symbols)


@needs_compiled
@given(frames())
@settings(deadline=None, max_examples=300)
def test_both_coders_write_the_same_bytes(frame):
    symbols, tables = frame

    assert (ans_coder.encode_symbols(symbols, tables, native=True)
            == ans_coder.encode_symbols(symbols, tables, native=False))


@needs_compiled
@given(frames(), st.binary(max_size=80))
@settings(deadline=None, max_examples=150)
def test_both_coders_read_hostile_bytes_alike(frame, stream):
    symbols, tables = frame

    assert (_outcome(stream, symbols.shape, tables, native=True)
            == _outcome(stream, symbols.shape, tables, native=False))


@pytest.mark.parametrize('native', CODERS)
@given(frames(), st.data())
@settings(deadline=None, max_examples=60)
def test_a_cut_stream_never_passes(native, frame, data):
    symbols, tables = frame
    stream = ans_coder.encode_symbols(symbols, tables, native)
    cut = stream[:data.draw(st.integers(0, len(stream) - 1))]

    outcome = _outcome(cut, symbols.shape, tables, native)

    assert isinstance(outcome, str) or outcome != symbols.tobytes()


@pytest.mark.parametrize('native', CODERS)
@pytest.mark.parametrize(
    ('stream', 'complaint'),
    [
        (b'', 'ends within its count'),
        (b'\xff\xff\xff\xff\xff', 'ends within its count'),
        (b'\x80\x00', 'pads its count'),
        (b'\x05\x09', 'announces 5 escaped symbols, has 1 bytes left'),
        (b'\x01\x09', 'has 1 escaped symbols, its stream asks for 0'),
        (b'\x00\x01\x00', 'ends with a zero byte'),
        (b'\x00' + b'\x77' * 12, 'does not end with its last symbol'),
    ],
)
def test_a_stream_that_no_encoder_writes_is_refused(native, stream, complaint):
    tables = ChannelTables((ChannelTable(0, (4095, 1)),))

    with pytest.raises(PayloadError, match=complaint):
        ans_coder.decode_symbols(stream, (1, 2, 2), tables, native)


def test_an_escape_for_a_symbol_of_the_alphabet_is_refused():
    narrow, wide, beside = (
        ChannelTables((ChannelTable(offset, frequencies),)) for offset, frequencies in
        [(0, (4000, 96)), (0, (4000, 90, 6)), (1, (4000, 96))])
    symbols = np.ones((1, 1, 1), np.int8)
    stream = ans_coder.encode_symbols(symbols, narrow)

    with pytest.raises(PayloadError):
        ans_coder.decode_symbols(stream, (1, 1, 1), wide)
    with pytest.raises(PayloadError, match='escapes a symbol that its entropy table holds'):
        ans_coder.decode_symbols(stream, (1, 1, 1), beside)


def _outcome(stream, shape, tables, native):
    try:
        return ans_coder.decode_symbols(stream, shape, tables, native).tobytes()
    except PayloadError as error:
        return str(error)
