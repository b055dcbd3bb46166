import json
from pathlib import Path
import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
import numpy as np
import pytest
import zstandard

from slim_split_ros.wire.context_tables import Contexts, ContextTables
from slim_split_ros.wire.entropy_tables import (
    ChannelTable,
    ChannelTables,
    count_symbols,
    fit_tables,
)
from slim_split_ros.wire.errors import PayloadError, WireError
from slim_split_ros.wire.payload import Coder, pack_symbols, unpack_symbols

GOLDEN = Path(__file__).parent / 'golden'
GOLDEN_SHAPE = (3, 6, 8)
CONTEXT_SHAPE = (13, 6, 8)
BITS = 8  # what every int8 fits into
FRAMES = hnp.arrays(np.int8, hnp.array_shapes(min_dims=3, max_dims=3, max_side=9))
CODERS = [pytest.param(coder, id=coder.name.lower()) for coder in Coder
          if coder is not Coder.H264]


def golden_tables():
    return ChannelTables.from_json(json.loads((GOLDEN / 'tables.json').read_text()))


def context_tables():
    stored = json.loads((GOLDEN / 'context_tables.json').read_text())
    return ContextTables.from_json(stored, Contexts.from_json(stored['contexts']))


def golden_payload(coder):
    return (GOLDEN / f'{coder.name.lower()}.bin').read_bytes()


def golden_symbols(coder):
    if coder is Coder.CONTEXTS:
        return np.fromfile(GOLDEN / 'context_symbols.bin', np.int8).reshape(CONTEXT_SHAPE)
    return np.fromfile(GOLDEN / 'symbols.bin', np.int8).reshape(GOLDEN_SHAPE)


def unpack_golden(payload, coder):
    """Unpack as a model would that sent the golden payload of a coder."""
    tables = context_tables() if coder is Coder.CONTEXTS else golden_tables()
    return unpack_symbols(payload, golden_symbols(coder).shape, coder, tables, BITS)


@pytest.mark.parametrize('coder', CODERS)
def test_payloads_of_earlier_releases_still_unpack(coder):
    symbols = unpack_golden(golden_payload(coder), coder)

    assert np.array_equal(symbols, golden_symbols(coder))
    assert not symbols.flags.writeable


def test_symbols_are_not_packed_as_video():
    with pytest.raises(ValueError, match='H264 codes no symbols'):
        pack_symbols(golden_symbols(Coder.RAW), Coder.H264)


# zstandard may learn to do better
@pytest.mark.parametrize('coder', [Coder.RAW, Coder.ANS, Coder.BITS, Coder.CONTEXTS])
def test_payloads_of_earlier_releases_are_still_written(coder):
    tables = context_tables() if coder is Coder.CONTEXTS else golden_tables()

    assert pack_symbols(golden_symbols(coder), coder, tables, BITS) == golden_payload(coder)


# Symbols by level are not any symbols: see test_context_coder.py
@pytest.mark.parametrize('coder', [Coder.RAW, Coder.ZSTD, Coder.ANS, Coder.BITS])
@given(FRAMES)
@settings(deadline=None)
def test_symbols_come_back(coder, symbols):
    tables = fit_tables(count_symbols(symbols))

    payload = pack_symbols(symbols, coder, tables, BITS)

    assert np.array_equal(unpack_symbols(payload, symbols.shape, coder, tables, BITS), symbols)


@pytest.mark.parametrize('coder', CODERS)
@given(st.binary(max_size=120), st.integers(1, 8), st.booleans(), st.booleans())
@settings(deadline=None, max_examples=200)
def test_hostile_bytes_give_symbols_of_the_shape_or_a_wire_error(
        coder, stream, bits, by_level, is_named):
    shape = CONTEXT_SHAPE if by_level else GOLDEN_SHAPE
    try:
        symbols = unpack_symbols(
            bytes([coder]) * is_named + stream, shape, coder,
            context_tables() if by_level else golden_tables(), bits)
    except WireError:
        return
    assert symbols.shape == shape
    assert symbols.dtype == np.int8


@given(st.binary(max_size=120))
@settings(deadline=None, max_examples=300)
def test_hostile_bytes_by_context_give_symbols_of_the_shape_or_a_payload_error(stream):
    try:
        symbols = unpack_golden(bytes([Coder.CONTEXTS]) + stream, Coder.CONTEXTS)
    except PayloadError:
        return
    assert symbols.shape == CONTEXT_SHAPE


@pytest.mark.parametrize('coder', CODERS)
@given(st.data())
@settings(deadline=None, max_examples=200)
def test_a_changed_payload_gives_symbols_of_the_shape_or_a_wire_error(coder, data):
    payload = bytearray(golden_payload(coder))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(1, len(payload) - 1))] = data.draw(st.integers(0, 255))
    try:
        symbols = unpack_golden(bytes(payload), coder)
    except WireError:
        return
    assert symbols.shape == golden_symbols(coder).shape


@pytest.mark.parametrize('coder', CODERS)
def test_every_cut_is_refused(coder):
    payload = golden_payload(coder)

    for length in range(len(payload)):
        with pytest.raises(PayloadError):
            unpack_golden(payload[:length], coder)


@pytest.mark.parametrize('coder', CODERS)
def test_bytes_after_the_end_are_refused(coder):
    with pytest.raises(PayloadError):
        unpack_golden(golden_payload(coder) + b'\x01\x02\x03\x04', coder)


@pytest.mark.parametrize('announced', [True, False])
def test_a_bomb_is_refused_without_its_memory_being_taken(announced):
    parameters = zstandard.ZstdCompressionParameters(
        format=zstandard.FORMAT_ZSTD1_MAGICLESS, write_content_size=announced)
    bomb = bytes([Coder.ZSTD]) + zstandard.ZstdCompressor(
        compression_params=parameters).compress(bytes(200_000_000))
    tracemalloc.start()

    with pytest.raises(PayloadError, match='its header implies 14400'):
        unpack_symbols(bomb, (3, 60, 80), Coder.ZSTD)

    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@pytest.mark.parametrize('first', [0, 1, 3, 9, 255])
def test_a_frame_of_another_coder_than_the_models_is_refused(first):
    payload = bytes([first]) + golden_payload(Coder.ANS)[1:]

    with pytest.raises(PayloadError, match=rf"names coder {first}, the model's is 2 \(ans\)"):
        unpack_symbols(payload, GOLDEN_SHAPE, Coder.ANS, golden_tables(), BITS)


@pytest.mark.parametrize('coder', CODERS)
def test_a_payload_longer_than_any_of_its_symbols_is_refused_unread(coder):
    payload = bytes([coder]) + bytes(50_000_000)
    tracemalloc.start()

    with pytest.raises(PayloadError, match='has 50000001 bytes, .* symbols take at most'):
        unpack_golden(payload, coder)

    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@given(symbols=hnp.arrays(np.int8, (2, 5, 7)))
@settings(deadline=None)
def test_no_symbols_are_longer_than_what_is_accepted(symbols):
    tables = ChannelTables((ChannelTable(0, (4095, 1)),) * 2)

    payload = pack_symbols(symbols, Coder.ANS, tables)

    assert np.array_equal(unpack_symbols(payload, symbols.shape, Coder.ANS, tables), symbols)


@pytest.mark.parametrize(('coder', 'tables'), [
    (Coder.ANS, None), (Coder.ANS, ChannelTables(golden_tables().channels[:2])),
    (Coder.ANS, context_tables()), (Coder.CONTEXTS, None), (Coder.CONTEXTS, golden_tables()),
])
def test_tables_of_another_kind_or_number_are_refused(coder, tables):
    symbols = golden_symbols(coder)
    complaint = f'needs entropy tables for {len(symbols)} channels'

    with pytest.raises(PayloadError, match=complaint):
        unpack_symbols(golden_payload(coder), symbols.shape, coder, tables)
    with pytest.raises(PayloadError, match=complaint):
        pack_symbols(symbols, coder, tables)


def test_tables_of_contexts_for_more_channels_than_were_sent_are_refused():
    with pytest.raises(PayloadError, match='for 12 channels, the model has 13'):
        unpack_symbols(
            golden_payload(Coder.CONTEXTS), (12, 6, 8), Coder.CONTEXTS, context_tables())


def test_the_bit_coder_without_a_number_of_bits_is_refused():
    with pytest.raises(PayloadError, match='the model says none for this rate'):
        unpack_symbols(
            golden_payload(Coder.BITS), GOLDEN_SHAPE, Coder.BITS, golden_tables())


def test_symbols_of_another_type_are_refused():
    with pytest.raises(ValueError, match='float32 with 3 dimensions'):
        pack_symbols(np.zeros((1, 2, 2), np.float32), Coder.RAW)
