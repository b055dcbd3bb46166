from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
import numpy as np
import pytest

from slim_split_ros.wire import ans_coder
from slim_split_ros.wire.entropy_tables import TABLE_TOTAL, ChannelTable, count_symbols, fit_tables
from slim_split_ros.wire.errors import ManifestError
from slim_split_ros.wire.neighbours import to_differences


@given(hnp.arrays(np.int64, (2, 256), elements=st.one_of(st.just(0), st.integers(0, 10**6))))
@settings(deadline=None, max_examples=50)
def test_fitted_tables_are_valid_whatever_was_counted(counts):
    for table in fit_tables(counts):
        assert sum(table.frequencies) == TABLE_TOTAL
        assert min(table.frequencies) >= 1


def test_a_channel_never_seen_expects_zeros():
    (table,) = fit_tables(np.zeros((1, 256)))

    assert (table.offset, table.frequencies) == (0, (TABLE_TOTAL - 1, 1))


def test_a_rare_far_symbol_is_left_to_the_escape():
    counts = np.zeros((1, 256))
    counts[0, 128 - 2:128 + 3] = [50, 3000, 90_000, 3000, 50]
    counts[0, 128 + 90] = 1

    (table,) = fit_tables(counts)

    assert (table.offset, table.last_symbol) == (-2, 2)


def test_fitted_tables_code_a_frame_close_to_its_entropy():
    generator = np.random.default_rng(1)
    symbols = np.round(generator.laplace(0, 1.2, (8, 30, 40))).astype(np.int8)
    counts = count_symbols(symbols)
    shares = counts[counts > 0] / 1200
    entropy_bytes = -np.sum(counts[counts > 0] * np.log2(shares)) / 8

    stream = ans_coder.encode_symbols(symbols, fit_tables(counts))

    assert len(stream) < 1.005 * entropy_bytes + 8


def test_channels_that_change_slowly_are_coded_as_differences_and_others_are_not():
    generator = np.random.default_rng(2)
    noise = generator.integers(-3, 4, (1, 30, 40))
    ramp = np.arange(-60, 60, 3) + generator.integers(-1, 2, (1, 30, 40))
    symbols = np.concatenate([noise, ramp]).astype(np.int8)
    plain = fit_tables(count_symbols(symbols))

    tables = fit_tables(count_symbols(symbols), count_symbols(to_differences(symbols)))

    assert [table.of_differences for table in plain] == [False, False]
    assert [table.of_differences for table in tables] == [False, True]
    assert len(ans_coder.encode_symbols(symbols, tables)) < 0.8 * len(
        ans_coder.encode_symbols(symbols, plain))


@pytest.mark.parametrize('of_differences', [False, True])
def test_a_table_survives_json(of_differences):
    table = ChannelTable(-1, (10, 4000, 80, 6), of_differences)

    assert ChannelTable.from_json(table.to_json()) == table


@pytest.mark.parametrize(
    ('data', 'complaint'),
    [
        ({'offset': 0, 'frequencies': [4000, 95]}, 'sums to 4095'),
        ({'offset': 0, 'frequencies': [4096, 0]}, 'least entry 0'),
        ({'offset': 0, 'frequencies': [4096]}, 'needs at least 2'),
        ({'offset': 127, 'frequencies': [1, 1, 4094]}, '127 to 128'),
        ({'offset': 0.5, 'frequencies': [4000, 96]}, 'integers'),
        ({'offset': 0, 'frequencies': [9 * 10**4299] * 2}, 'integers of up to 4096'),
        ({'offset': 0, 'frequencies': [4000, 96], 'of_differences': 1}, 'must be true or false'),
        ({'offset': 0}, 'must have offset and frequencies'),
        ('nothing', 'must have offset and frequencies'),
        (None, 'must have offset and frequencies'),
    ],
)
def test_a_table_that_cannot_code_is_refused(data, complaint):
    with pytest.raises(ManifestError, match=complaint):
        ChannelTable.from_json(data)
