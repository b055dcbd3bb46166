import json

import numpy as np
import pytest

from slim_split_ros.wire.errors import ManifestError
from slim_split_ros.wire.level_coder import encode_levels
from slim_split_ros.wire.level_tables import SILENT, TABLES_PER_LEVEL, LevelCounts, LevelTables

LEVELS = {'offset': 0, 'frequencies': [50] * 81 + [46]}
OTHER = {'offset': 0, 'frequencies': [4000, 96]}


def plain() -> dict:
    """Return tables of two planes and three channels at three levels."""
    return {'planes': [LEVELS, OTHER], 'shared': [OTHER, OTHER],
            'numbers': [[0, SILENT, SILENT], [0, 1, SILENT], [0, 1, 1]]}


def frame(seed: int = 0) -> np.ndarray:
    """Return int8 (30, 20, 26), levels and two planes first, quieter from channel to channel."""
    generator = np.random.default_rng(seed)
    symbols = np.round(generator.laplace(
        0, np.geomspace(20, 0.1, 30)[:, None, None], (30, 20, 26))).clip(-127, 127)
    symbols[0] = generator.integers(0, 3, (20, 26))
    symbols[3:] *= symbols[0]  # nothing at level 0
    return symbols.astype(np.int8)


def fitted(*frames: np.ndarray) -> LevelTables:
    counts = LevelCounts(30, 3, 3)
    for symbols in frames:
        counts.add(symbols)
    return counts.fit([0, 20, 27])


def test_tables_survive_json_and_count_their_channels():
    tables = LevelTables.from_json(plain())

    again = LevelTables.from_json(json.loads(json.dumps(tables.to_json())))

    assert len(again) == 5
    assert (again.planes, again.shared, again.numbers) == (
        tables.planes, tables.shared, tables.numbers)


@pytest.mark.parametrize(('changes', 'complaint'), [
    ({'planes': []}, 'need a table for levels and a row for each level'),
    ({'numbers': []}, 'need a table for levels and a row for each level'),
    ({'numbers': [[0, 1], [0]]}, 'rows of different lengths'),
    ({'numbers': [[2, 0, 0]] * 3}, 'tables beyond the 2'),
    ({'numbers': [[-2, 0, 0]] * 3}, 'tables beyond the 2'),
    ({'numbers': [[0, True, 0]] * 3}, 'a number that is no integer'),
    ({'numbers': [[0, 0.0, 0]] * 3}, 'a number that is no integer'),
    ({'numbers': ['abc']}, 'a number that is no integer'),
    ({'numbers': [[0, 1, 1]] * 4}, 'have 4 levels, must be at most 3'),
    ({'planes': [OTHER, OTHER]}, 'covers 0 to 0, must cover 0 to 80'),
    ({'planes': [{'offset': 1, 'frequencies': [9, 9, 4078]}]}, 'covers 1 to 2, must cover 0 to 8'),
    ({'planes': [LEVELS | {'of_differences': True}]}, 'must cover 0 to 80 as they are'),
    ({'shared': [{'offset': 0, 'frequencies': [4096]}]}, 'needs at least 2'),
    ({'shared': None}, 'must have planes, shared and numbers'),
    ({'planes': 7}, 'must have planes, shared and numbers'),
    ({'numbers': [3]}, 'must have planes, shared and numbers'),
])
def test_tables_that_cannot_code_are_refused(changes, complaint):
    with pytest.raises(ManifestError, match=complaint):
        LevelTables.from_json(plain() | changes)


@pytest.mark.parametrize('data', [None, 7, 'tables', [], [LEVELS], {}, {'planes': [LEVELS]}])
def test_what_is_no_tables_is_refused(data):
    with pytest.raises(ManifestError, match='must have planes, shared and numbers'):
        LevelTables.from_json(data)


def test_fitted_tables_are_shared_by_alike_channels_and_silent_where_nothing_is_sent():
    tables = fitted(frame())

    assert len(tables) == 30
    assert [sum(number != SILENT for number in row) for row in tables.numbers] == [0, 20, 27]
    used = [set(row) - {SILENT} for row in tables.numbers]
    assert not used[1] & used[2]
    assert all(len(numbers) <= TABLES_PER_LEVEL for numbers in used)
    assert len(tables.shared) == len(used[1] | used[2])


def test_fitted_tables_know_every_level_even_if_none_was_seen():
    symbols = frame()
    symbols[0] = 0
    symbols[3:] = 0

    levels = fitted(symbols).planes[0]

    assert levels.offset <= 0 and levels.last_symbol >= 80


def test_fitted_tables_code_a_frame_close_to_the_entropy_of_its_cells():
    symbols = frame()
    symbols[23:][:, symbols[0] == 1] = 0  # level 1 sends 20 channels
    tables = fitted(symbols)
    parts = [symbols[:1], symbols[1:2], symbols[2:3]] + [
        symbols[3:][channel, symbols[0] == level]
        for level, count in ((1, 20), (2, 27)) for channel in range(count)]

    stream = encode_levels(symbols, tables)

    assert len(stream) < 1.05 * sum(map(_entropy_bytes, parts))


def _entropy_bytes(part: np.ndarray) -> float:
    counts = np.unique(part, return_counts=True)[1]
    return float(-np.sum(counts * np.log2(counts / counts.sum())) / 8)
