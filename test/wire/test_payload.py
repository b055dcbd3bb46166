import json
from pathlib import Path
import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
import numpy as np
import pytest
import zstandard

from slim_split_ros.wire.entropy_tables import ChannelTables, count_symbols, fit_tables
from slim_split_ros.wire.errors import PayloadError, WireError
from slim_split_ros.wire.payload import Coder, pack_symbols, unpack_symbols

GOLDEN = Path(__file__).parent / 'golden'
GOLDEN_SHAPE = (3, 6, 8)
BITS = 8  # what every int8 fits into
FRAMES = hnp.arrays(np.int8, hnp.array_shapes(min_dims=3, max_dims=3, max_side=9))


def golden_tables():
    return ChannelTables.from_json(json.loads((GOLDEN / 'tables.json').read_text()))


def golden_symbols():
    return np.fromfile(GOLDEN / 'symbols.bin', np.int8).reshape(GOLDEN_SHAPE)


@pytest.mark.parametrize('coder', list(Coder))
def test_payloads_of_earlier_releases_still_unpack(coder):
    payload = (GOLDEN / f'{coder.name.lower()}.bin').read_bytes()

    symbols = unpack_symbols(payload, GOLDEN_SHAPE, golden_tables(), BITS)

    assert np.array_equal(symbols, golden_symbols())
    assert not symbols.flags.writeable


# zstandard may learn to do better
@pytest.mark.parametrize('coder', [Coder.RAW, Coder.ANS, Coder.BITS])
def test_payloads_of_earlier_releases_are_still_written(coder):
    payload = (GOLDEN / f'{coder.name.lower()}.bin').read_bytes()

    assert pack_symbols(golden_symbols(), coder, golden_tables(), BITS) == payload


@pytest.mark.parametrize('coder', list(Coder))
@given(FRAMES)
@settings(deadline=None)
def test_symbols_come_back(coder, symbols):
    tables = fit_tables(count_symbols(symbols))

    payload = pack_symbols(symbols, coder, tables, BITS)

    assert np.array_equal(unpack_symbols(payload, symbols.shape, tables, BITS), symbols)


@given(st.binary(max_size=120), st.integers(1, 8))
@settings(deadline=None, max_examples=400)
def test_hostile_bytes_give_symbols_of_the_shape_or_a_wire_error(payload, bits):
    try:
        symbols = unpack_symbols(payload, GOLDEN_SHAPE, golden_tables(), bits)
    except WireError:
        return
    assert symbols.shape == GOLDEN_SHAPE
    assert symbols.dtype == np.int8


@pytest.mark.parametrize('coder', list(Coder))
@given(st.data())
@settings(deadline=None, max_examples=200)
def test_a_changed_payload_gives_symbols_of_the_shape_or_a_wire_error(coder, data):
    payload = bytearray((GOLDEN / f'{coder.name.lower()}.bin').read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(1, len(payload) - 1))] = data.draw(st.integers(0, 255))
    try:
        symbols = unpack_symbols(bytes(payload), GOLDEN_SHAPE, golden_tables(), BITS)
    except WireError:
        return
    assert symbols.shape == GOLDEN_SHAPE


@pytest.mark.parametrize('coder', list(Coder))
def test_every_cut_is_refused(coder):
    payload = (GOLDEN / f'{coder.name.lower()}.bin').read_bytes()

    for length in range(len(payload)):
        with pytest.raises(PayloadError):
            unpack_symbols(payload[:length], GOLDEN_SHAPE, golden_tables(), BITS)


@pytest.mark.parametrize('coder', list(Coder))
def test_bytes_after_the_end_are_refused(coder):
    payload = (GOLDEN / f'{coder.name.lower()}.bin').read_bytes()

    with pytest.raises(PayloadError):
        unpack_symbols(payload + b'\x01\x02\x03\x04', GOLDEN_SHAPE, golden_tables(), BITS)


@pytest.mark.parametrize('announced', [True, False])
def test_a_bomb_is_refused_without_its_memory_being_taken(announced):
    parameters = zstandard.ZstdCompressionParameters(
        format=zstandard.FORMAT_ZSTD1_MAGICLESS, write_content_size=announced)
    bomb = bytes([Coder.ZSTD]) + zstandard.ZstdCompressor(
        compression_params=parameters).compress(bytes(200_000_000))
    tracemalloc.start()

    with pytest.raises(PayloadError, match='its header implies 144'):
        unpack_symbols(bomb, GOLDEN_SHAPE)

    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_an_unknown_coder_is_refused_with_those_known():
    with pytest.raises(PayloadError, match=r'coder 9, known are 0 \(raw\), .* 3 \(bits\)'):
        unpack_symbols(b'\x09abc', GOLDEN_SHAPE)


@pytest.mark.parametrize('tables', [None, ChannelTables(golden_tables().channels[:2])])
def test_the_table_coder_without_a_table_a_channel_is_refused(tables):
    with pytest.raises(PayloadError, match='needs 3 entropy tables'):
        unpack_symbols((GOLDEN / 'ans.bin').read_bytes(), GOLDEN_SHAPE, tables)


def test_the_bit_coder_without_a_number_of_bits_is_refused():
    with pytest.raises(PayloadError, match='the model says none for this rate'):
        unpack_symbols((GOLDEN / 'bits.bin').read_bytes(), GOLDEN_SHAPE, golden_tables())


def test_symbols_of_another_type_are_refused():
    with pytest.raises(ValueError, match='float32 with 3 dimensions'):
        pack_symbols(np.zeros((1, 2, 2), np.float32), Coder.RAW)
