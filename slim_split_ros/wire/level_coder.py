"""How does a frame become a stream whose cells send more or less? Level by level."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from slim_split_ros.wire.ans_stream import StreamReader, is_native, write_stream
from slim_split_ros.wire.level_blocks import block_shape, from_blocks, to_blocks
from slim_split_ros.wire.level_tables import SILENT, LevelTables
from slim_split_ros.wire.neighbours import from_differences, to_differences
from slim_split_ros.wire.table_set import TableSet


def encode_levels(symbols: np.ndarray, tables: LevelTables, native: bool | None = None) -> bytes:
    """
    Encode int8 (C, h, w), levels first; symbols that a level does not send must be zero.

    `native` chooses the compiled coder (True) or plain Python (False); the bytes are the same. By
    default it is the compiled one where there is one.
    """
    prepared = _prepare(tables)
    planes = symbols[:prepared.planes]
    if len(prepared.differing):
        planes = planes.copy()
        planes[prepared.differing] = to_differences(planes[prepared.differing])
    streams = [to_blocks(symbols[0], len(prepared.levels)).ravel(),
               *(plane.ravel() for plane in planes[1:])]
    used = list(range(prepared.planes))
    levels = symbols[0].ravel()
    others = symbols.reshape(len(symbols), -1)[len(planes):]
    for level, runs in enumerate(prepared.levels):
        cells = np.flatnonzero(levels == level)
        if not len(cells):
            continue
        block = others[runs.channels[:, None], cells]  # by table
        for table, first, last in runs.parts:
            streams.append(block[first:last].ravel())
            used.append(table)
    return write_stream(
        np.concatenate(streams), _table_of(used, list(map(len, streams))), prepared.tables,
        is_native(native))


def decode_levels(
    stream: bytes, shape: tuple[int, int, int], tables: LevelTables, native: bool | None = None
) -> np.ndarray:
    """Decode int8 (C, h, w); raises PayloadError unless the stream holds exactly that."""
    prepared = _prepare(tables)
    count = shape[1] * shape[2]
    reader = StreamReader(stream, shape[0] * count, prepared.tables, is_native(native))
    symbols = np.zeros((shape[0], count), np.int8)
    planes = prepared.planes
    size = block_shape(shape[1:])
    blocks = reader.read(np.zeros(size[0] * size[1], np.uint16)).reshape(size)
    levels = from_blocks(blocks, shape[1:], len(prepared.levels)).ravel()
    symbols[0] = levels
    cells_of = [np.flatnonzero(levels == level) for level in range(len(prepared.levels))]
    used, counts = list(range(1, planes)), [count] * (planes - 1)
    for cells, runs in zip(cells_of, prepared.levels, strict=True):
        if len(cells):
            used += [table for table, _, _ in runs.parts]
            counts += [(last - first) * len(cells) for _, first, last in runs.parts]
    read = reader.read(_table_of(used, counts))
    reader.finish()
    symbols[1:planes] = read[:(planes - 1) * count].reshape(planes - 1, count)
    others, start = symbols[planes:], (planes - 1) * count
    for cells, runs in zip(cells_of, prepared.levels, strict=True):
        end = start + len(runs.channels) * len(cells)
        others[runs.channels[:, None], cells] = read[start:end].reshape(
            len(runs.channels), len(cells))
        start = end
    symbols = symbols.reshape(shape)
    symbols[prepared.differing] = from_differences(symbols[prepared.differing])
    return symbols


def prepare_levels(tables: LevelTables) -> None:
    """Derive now what the first frame with these tables would otherwise wait for."""
    _prepare(tables)


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """Hold the channels that a level sends, by table: its number, first and last row."""

    channels: np.ndarray
    parts: list[tuple[int, int, int]]


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """Hold what is derived from tables once; those of the planes come first."""

    tables: TableSet
    planes: int
    differing: np.ndarray
    levels: list[_Runs]


@lru_cache(maxsize=256)  # widths times rates, of both sides and a few models
def _prepare(tables: LevelTables) -> _Prepared:
    planes = len(tables.planes)
    return _Prepared(
        TableSet([*tables.planes, *tables.shared]), planes,
        np.flatnonzero([table.of_differences for table in tables.planes]),
        [_runs(np.array(row, int), planes) for row in tables.numbers])


def _runs(numbers: np.ndarray, planes: int) -> _Runs:
    sent = np.flatnonzero(numbers != SILENT)
    channels = sent[np.argsort(numbers[sent], kind='stable')]
    edges = np.flatnonzero(np.diff(numbers[channels], prepend=SILENT)).tolist()
    return _Runs(channels, [(planes + int(numbers[channels[first]]), first, last)
                            for first, last in pairwise([*edges, len(channels)])])


def _table_of(used: list[int], counts: list[int]) -> np.ndarray:
    return np.repeat(np.array(used, np.uint16), counts)
