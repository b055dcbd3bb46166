import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from slim_split_ros.wire.ans_stream import write_stream
from slim_split_ros.wire.context_coder import decode_contexts, encode_contexts
from slim_split_ros.wire.context_model import context_model
from slim_split_ros.wire.context_tables import SILENT, Contexts, ContextTables
from slim_split_ros.wire.entropy_native import native_coder
from slim_split_ros.wire.errors import PayloadError
from slim_split_ros.wire.payload import Coder
from support.contexts import draw_frame, fitted_tables

needs_compiled = pytest.mark.skipif(
    native_coder().library is None, reason=native_coder().lack)
CODERS = [pytest.param(True, marks=needs_compiled, id='compiled'),
          pytest.param(False, id='python')]
GOLDEN = Path(__file__).parent / 'golden'
KINDS = [(13, 4, (2, 5, 9)), (7, 2, (5, 0)), (6, 1, (5,)), (4, 4, (0, 0, 0))]


@st.composite
def frames(draw):
    """Draw symbols, levels first, and tables that were fitted to others."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    channels, planes, sent = draw(st.sampled_from(KINDS))
    size = draw(st.tuples(st.integers(1, 9), st.integers(1, 12)))
    spread = draw(st.sampled_from([0.3, 2.0, 60.0]))
    symbols = draw_frame(generator, (channels, *size), planes, list(sent), spread)
    return symbols, fitted_tables(channels, planes, sent)


@pytest.mark.parametrize('native', CODERS)
@given(frames())
@settings(deadline=None, max_examples=60)
def test_symbols_come_back_whatever_tables_they_are_coded_with(native, frame):
    symbols, tables = frame

    stream = encode_contexts(symbols, tables, native)

    assert np.array_equal(decode_contexts(stream, symbols.shape, tables, native), symbols)


@needs_compiled
@given(frames())
@settings(deadline=None, max_examples=100)
def test_both_coders_write_the_same_bytes(frame):
    symbols, tables = frame

    assert encode_contexts(symbols, tables, native=True) == encode_contexts(
        symbols, tables, native=False)


@needs_compiled
@given(frames(), st.binary(max_size=80), st.booleans())
@settings(deadline=None, max_examples=200)
def test_both_coders_read_hostile_bytes_alike(frame, stream, has_no_escapes):
    symbols, tables = frame
    stream = b'\0' * has_no_escapes + stream

    assert (_outcome(stream, symbols.shape, tables, native=True)
            == _outcome(stream, symbols.shape, tables, native=False))


@needs_compiled
@given(frames(), st.data())
@settings(deadline=None, max_examples=200)
def test_both_coders_read_a_changed_stream_alike(frame, data):
    symbols, tables = frame
    stream = _changed(encode_contexts(symbols, tables), data)

    assert (_outcome(stream, symbols.shape, tables, native=True)
            == _outcome(stream, symbols.shape, tables, native=False))


@pytest.mark.parametrize('native', CODERS)
@given(frames(), st.data())
@settings(deadline=None, max_examples=60)
def test_a_changed_stream_gives_symbols_of_the_shape_or_a_payload_error(native, frame, data):
    symbols, tables = frame
    stream = _changed(encode_contexts(symbols, tables, native), data)
    try:
        changed = decode_contexts(stream, symbols.shape, tables, native)
    except PayloadError:
        return
    assert changed.shape == symbols.shape
    assert 0 <= changed[0].min() <= changed[0].max() < len(tables.expected)


@pytest.mark.fuzz
@needs_compiled
def test_hundred_thousand_hostile_payloads_do_the_compiled_coder_no_harm():
    generator = np.random.default_rng(0)
    refused = 0
    for number in range(100_000):
        channels, planes, sent = KINDS[number % len(KINDS)]
        tables, shape = fitted_tables(channels, planes, sent), (channels, 6, 7)
        if number % 100 < len(KINDS):
            symbols = draw_frame(generator, shape, planes, list(sent), 8.0)
            sound = encode_contexts(symbols, tables, native=True)
            assert np.array_equal(decode_contexts(sound, shape, tables, native=True), symbols)
        stream = bytearray(sound if number % 3 else generator.bytes(generator.integers(0, 300)))
        for place in generator.integers(0, len(stream), 3 if stream else 0):
            stream[place] = generator.integers(0, 256)
        try:
            decoded = decode_contexts(
                bytes(stream[:generator.integers(0, 400)]), shape, tables, native=True)
        except PayloadError:
            refused += 1
        else:
            assert decoded.shape == shape
            assert 0 <= decoded[0].min() <= decoded[0].max() < len(sent)

    assert refused > 50_000


@pytest.mark.parametrize('native', CODERS)
@given(frames(), st.data())
@settings(deadline=None, max_examples=60)
def test_a_cut_stream_never_passes(native, frame, data):
    symbols, tables = frame
    stream = encode_contexts(symbols, tables, native)
    cut = stream[:data.draw(st.integers(0, len(stream) - 1))]

    outcome = _outcome(cut, symbols.shape, tables, native)

    assert isinstance(outcome, str) or outcome != symbols.tobytes()


@pytest.mark.parametrize('native', CODERS)
@pytest.mark.parametrize('level', [1, 77, -1])
def test_a_level_that_the_model_does_not_have_is_refused(native, level):
    tables = fitted_tables(6, 1, (5,))
    # As an encoder would that does not check its levels.
    stream = write_stream(np.array([0, level], np.int8), np.zeros(2, np.uint16),
                          context_model(tables).tables, native=False)

    with pytest.raises(PayloadError, match='level that is none of the model, which has 0 to 0'):
        decode_contexts(stream, (6, 1, 2), tables, native)


@pytest.mark.parametrize('native', CODERS)
def test_levels_that_the_model_does_not_have_are_not_encoded(native):
    symbols = np.full((7, 2, 2), 2, np.int8)

    with pytest.raises(ValueError, match='levels reach 2, the model has 2'):
        encode_contexts(symbols, fitted_tables(7, 2, (5, 0)), native)


@pytest.mark.parametrize('native', CODERS)
def test_what_a_level_does_not_send_costs_nothing(native):
    loud = fitted_tables(13, 4, (2, 5, 9))
    quiet = ContextTables(loud.contexts, tuple(
        (*row[:3], *(SILENT,) * 9) for row in loud.expected))
    symbols = np.zeros((13, 10, 10), np.int8)

    assert len(encode_contexts(symbols, quiet, native)) < len(
        encode_contexts(symbols, loud, native))


def test_neighbours_of_like_size_make_symbols_cheaper():
    generator = np.random.default_rng(3)
    tables = fitted_tables(6, 1, (5,))
    symbols = np.zeros((6, 16, 16), np.int8)
    symbols[1:, :8] = np.round(generator.laplace(0, 4, (5, 8, 16))).clip(-60, 60)
    shuffled = symbols.copy()
    shuffled[1:] = generator.permutation(symbols[1:].ravel()).reshape(5, 16, 16)

    assert len(encode_contexts(symbols, tables)) < 0.93 * len(encode_contexts(shuffled, tables))


@pytest.mark.parametrize('native', CODERS)
def test_golden_payloads_are_the_same_on_every_machine(native):
    stored = json.loads((GOLDEN / 'context_tables.json').read_text())
    tables = ContextTables.from_json(stored, Contexts.from_json(stored['contexts']))
    symbols = np.fromfile(GOLDEN / 'context_symbols.bin', np.int8).reshape(13, 6, 8)
    payload = (GOLDEN / 'contexts.bin').read_bytes()

    assert bytes([Coder.CONTEXTS]) + encode_contexts(symbols, tables, native) == payload
    assert np.array_equal(decode_contexts(payload[1:], (13, 6, 8), tables, native), symbols)


def test_encoding_leaves_its_symbols_as_they_are():
    symbols = draw_frame(np.random.default_rng(1), (13, 5, 6), 4, [2, 5, 9], 3.0)
    before = symbols.copy()

    encode_contexts(symbols, fitted_tables(13, 4, (2, 5, 9)))

    assert np.array_equal(symbols, before)


def _outcome(stream, shape, tables, native):
    try:
        return decode_contexts(stream, shape, tables, native).tobytes()
    except PayloadError as error:
        return str(error)


def _changed(stream, data):
    changed = bytearray(stream)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(stream) - 1))] ^= data.draw(st.integers(1, 255))
    return bytes(changed)
