import json

import numpy as np
import pytest

from slim_split_ros.wire.context_coder import encode_contexts
from slim_split_ros.wire.context_counts import SizeCounts
from slim_split_ros.wire.context_model import logarithm, size_of, table_step
from slim_split_ros.wire.context_tables import (
    BANK,
    LARGEST_EXPECTED,
    SILENT,
    Contexts,
    ContextTables,
)
from slim_split_ros.wire.errors import ManifestError
from support.contexts import draw_frame, fit_contexts

TABLE = {'offset': 0, 'frequencies': [4000, 96]}


def plain() -> dict:
    """Return contexts of one level, two planes and four channels."""
    return {'levels': [TABLE], 'plane_bank': [TABLE] * BANK, 'cell_bank': [TABLE] * BANK,
            'planes': 2, 'parents': [[], [], [], [2]]}


def test_tables_survive_json_and_count_their_channels():
    contexts = Contexts.from_json(plain())
    tables = ContextTables.from_json({'expected': [[9, 300, SILENT]]}, contexts)

    again = ContextTables.from_json(
        json.loads(json.dumps(tables.to_json())),
        Contexts.from_json(json.loads(json.dumps(contexts.to_json()))))

    assert len(again) == 4
    assert again.expected == tables.expected
    assert again.contexts.to_json() == contexts.to_json()


@pytest.mark.parametrize(('changes', 'complaint'), [
    ({'levels': [TABLE] * 2}, 'have 2 tables of levels, must have one for each four of 1 to 3'),
    ({'levels': [TABLE] * 256}, 'have 256 tables of levels'),
    ({'plane_bank': [TABLE]}, 'have 1 tables in plane_bank, must be 32'),
    ({'cell_bank': []}, 'have 0 tables in cell_bank, must be 32'),
    ({'planes': 0}, 'have 0 planes of 4 channels'),
    ({'planes': 5}, 'have 5 planes of 4 channels'),
    ({'planes': True}, 'planes or parents that are no integers'),
    ({'parents': [[], [], [], [3]]}, r'name parents \[3\] of channel 3, must be'),
    ({'parents': [[], [], [], [0]]}, r'name parents \[0\] of channel 3'),
    ({'parents': [[], [], [], [1] * 9]}, 'of channel 3, must be at most 8 earlier ones'),
    ({'parents': [[], [], [], [1.0]]}, 'planes or parents that are no integers'),
    ({'parents': 7}, 'must have levels, plane_bank, cell_bank, planes and parents'),
    ({'levels': [TABLE | {'of_differences': True}]}, 'have tables of differences'),
    ({'cell_bank': [{'offset': 0, 'frequencies': [1] * 257}] * BANK}, 'at most 256'),
])
def test_contexts_that_cannot_code_are_refused(changes, complaint):
    with pytest.raises(ManifestError, match=complaint):
        Contexts.from_json(plain() | changes)


@pytest.mark.parametrize('data', [None, 7, 'tables', [], {}, {'levels': [TABLE]}])
def test_what_is_no_contexts_is_refused(data):
    with pytest.raises(ManifestError, match='must have levels, plane_bank'):
        Contexts.from_json(data)


@pytest.mark.parametrize(('data', 'complaint'), [
    (None, 'must have expected sizes'),
    ({'expected': 7}, 'must have expected sizes'),
    ({'expected': []}, 'are none, or no integers'),
    ({'expected': [[9, True, 9]]}, 'are none, or no integers'),
    ({'expected': [[9, 9, 9]] * 2}, 'are of 2 levels, contexts have 1 tables of levels'),
    ({'expected': [[9] * 4]}, r'are of \[5\] channels, contexts of 4'),
    ({'expected': [[]]}, r'are of \[1\] channels, contexts of 4'),
    ({'expected': [[9, LARGEST_EXPECTED + 1, 9]]}, 'lie from 9 to 384, must lie from -1 to 383'),
    ({'expected': [[9, -2, 9]]}, 'lie from -2 to 9'),
    ({'expected': [[SILENT, 9, 9]]}, 'are silent in planes'),
])
def test_expected_sizes_that_cannot_be_used_are_refused(data, complaint):
    with pytest.raises(ManifestError, match=complaint):
        ContextTables.from_json(data, Contexts.from_json(plain()))


def test_logarithms_are_sixteenths_of_octaves_and_come_back_rounded_down():
    numbers = np.array([1, 2, 3, 31, 32, 65_536, 65_537, 2**40 + 2**36])

    assert logarithm(numbers).tolist() == [0, 16, 24, 79, 80, 256, 256, 641]
    assert size_of(logarithm(numbers)).tolist() == [1, 2, 3, 31, 32, 65_536, 65_536, 17 * 2**36]


@pytest.mark.parametrize(('expected', 'seen', 'step'), [
    (16 * 16, 0, 20),  # one, as the neighbours have it
    (16 * 17, 0, 22),
    (16 * 16, 4, 22),  # neighbours twice as large as they are usually
    (0, 0, 0),
    (LARGEST_EXPECTED, 100_000, BANK - 1),
])
def test_tables_rise_by_half_octaves_of_the_expected_size(expected, seen, step):
    assert table_step(expected, seen, usual=0) == step


def test_expected_sizes_are_averages_by_level_and_silent_where_nothing_is_sent():
    symbols = np.zeros((4, 20, 20), np.int8)
    symbols[0, 10:] = 1
    symbols[1] = 5  # a plane whose differences are 0 but in one cell
    symbols[2, 10:] = -8
    counts = SizeCounts(4, 2, 2)
    counts.add(symbols)

    quiet, loud = counts.expected([1, 2])

    assert quiet[2] == SILENT
    assert loud[2] == quiet[1] < 120
    assert abs(loud[1] - (16 + 3) * 16) <= 1  # 8 in 1/65536


def test_fitted_tables_know_every_level_even_if_none_was_seen():
    frame = draw_frame(np.random.default_rng(0), (5, 6, 6), 2, [3, 3, 3], 2.0)
    frame[0] = 0

    tables = fit_contexts([frame], 2, [3, 3, 3])

    assert all(table.offset == 0 and table.escape == 3 for table in tables.contexts.levels)


def test_fitted_tables_code_a_frame_close_to_the_entropy_of_its_channels():
    generator = np.random.default_rng(5)
    symbols = np.round(generator.laplace(
        0, np.geomspace(20, 0.1, 30)[:, None, None], (30, 20, 26))).clip(-127, 127).astype(np.int8)
    symbols[0] = 0

    stream = encode_contexts(symbols, fit_contexts([symbols], 1, [29]))

    assert len(stream) < 1.05 * sum(map(_entropy_bytes, symbols))


def _entropy_bytes(part: np.ndarray) -> float:
    counts = np.unique(part, return_counts=True)[1]
    return float(-np.sum(counts * np.log2(counts / counts.sum())) / 8)
