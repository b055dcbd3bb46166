from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from slim_split_ros.wire.bit_coder import pack_bits, unpack_bits
from slim_split_ros.wire.errors import PayloadError

GOLDEN = Path(__file__).parent / 'golden'
ALL_BITS = range(1, 9)


@st.composite
def symbols_of(draw):
    """Draw a number of bits and int8 symbols that fit into it."""
    bits = draw(st.integers(1, 8))
    limit = 1 << bits - 1
    values = draw(st.lists(st.integers(-limit, limit - 1), max_size=70))
    return bits, np.array(values, np.int8)


@given(symbols_of())
def test_symbols_come_back_from_as_many_bits_as_they_have(frame):
    bits, symbols = frame

    stream = pack_bits(symbols, bits)

    assert len(stream) == -(-bits * len(symbols) // 8)
    assert np.array_equal(unpack_bits(stream, len(symbols), bits), symbols)


def test_streams_of_earlier_releases_are_still_read_and_written():
    symbols = np.clip(np.fromfile(GOLDEN / 'symbols.bin', np.int8), -8, 7)
    stream = (GOLDEN / 'four_bits.bin').read_bytes()

    assert pack_bits(symbols, 4) == stream
    assert np.array_equal(unpack_bits(stream, len(symbols), 4), symbols)


def test_a_frame_of_the_founding_paper_has_its_bytes():
    symbols = np.zeros((6, 96, 96), np.int8)

    assert [len(pack_bits(symbols, bits)) for bits in (1, 2, 3, 4)] == [
        6_912, 13_824, 20_736, 27_648]


@pytest.mark.parametrize('bits', ALL_BITS)
@pytest.mark.parametrize('beyond', [-1, 1])
def test_a_symbol_that_needs_more_bits_is_refused(bits, beyond):
    limit = 1 << bits - 1
    largest = -limit if beyond < 0 else limit - 1
    fits = np.array([0, largest], np.int8)

    assert np.array_equal(unpack_bits(pack_bits(fits, bits), 2, bits), fits)
    if bits == 8:
        return  # no int8 needs more
    with pytest.raises(PayloadError, match=rf'{bits} bits hold {-limit} to {limit - 1}'):
        pack_bits(fits + np.int8(beyond), bits)


@given(st.binary(max_size=40), st.integers(0, 60), st.integers(1, 8))
def test_hostile_bytes_are_refused_or_what_an_encoder_writes(stream, count, bits):
    try:
        symbols = unpack_bits(stream, count, bits)
    except PayloadError:
        return
    assert pack_bits(symbols, bits) == stream


def test_bits_after_the_last_symbol_are_refused():
    stream = pack_bits(np.zeros(3, np.int8), 2)

    with pytest.raises(PayloadError, match='does not end with zero bits'):
        unpack_bits(bytes([stream[0] | 1]), 3, 2)


@pytest.mark.parametrize('length', [0, 5, 7])
def test_another_length_is_refused_with_both(length):
    with pytest.raises(PayloadError, match=rf'holds {length} bytes, its header implies 6 for 12'):
        unpack_bits(bytes(length), 12, 4)
