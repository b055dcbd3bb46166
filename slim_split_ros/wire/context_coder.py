"""How do symbols become a stream, each with the table that its neighbours make likely?"""

from __future__ import annotations

import numpy as np

from slim_split_ros.wire import entropy_native
from slim_split_ros.wire.ans_stream import (
    StreamReader,
    check_end,
    is_native,
    join_stream,
    split_stream,
    write_stream,
)
from slim_split_ros.wire.context_model import (
    AROUND,
    EARLIER_WEIGHT,
    PARENT_WEIGHT,
    ContextModel,
    coded_symbols,
    context_model,
    frame_tables,
    table_step,
)
from slim_split_ros.wire.context_tables import SILENT, ContextTables
from slim_split_ros.wire.errors import PayloadError
from slim_split_ros.wire.neighbours import from_differences


def prepare_contexts(tables: ContextTables) -> None:
    """Derive now what the first frame with these tables would otherwise wait for."""
    context_model(tables)


def encode_contexts(
    symbols: np.ndarray, tables: ContextTables, native: bool | None = None
) -> bytes:
    """
    Encode int8 (C, h, w), levels first; symbols that a level does not send must be zero.

    `native` chooses the compiled coder (True) or plain Python (False); the bytes are the same. By
    default it is the compiled one where there is one. Raises ValueError for levels that the model
    does not have.
    """
    model = context_model(tables)
    coded = coded_symbols(symbols, model.planes)
    count = model.count_sent(symbols[0])
    if is_native(native):
        placed = entropy_native.place(coded, model, count)
        return join_stream(placed.escaped, entropy_native.encode(
            placed.entries, placed.table_of, model.tables))
    numbers, sent = frame_tables(coded, model)
    return write_stream(coded[sent], numbers[sent], model.tables, native=False)


def decode_contexts(
    stream: bytes, shape: tuple[int, int, int], tables: ContextTables, native: bool | None = None
) -> np.ndarray:
    """Decode int8 (C, h, w); raises PayloadError unless the stream holds exactly that."""
    model = context_model(tables)
    if is_native(native):
        symbols = _decode_compiled(stream, shape, model)
    else:
        symbols = _decode_python(stream, shape, model)
    symbols[1:model.planes] = from_differences(symbols[1:model.planes])
    return symbols


def _decode_compiled(
    stream: bytes, shape: tuple[int, int, int], model: ContextModel
) -> np.ndarray:
    escaped, words = split_stream(stream, shape[0] * shape[1] * shape[2])
    decoded = entropy_native.decode_contexts(words, escaped, shape, model)
    check_end(stream, decoded.is_used_up, len(escaped), decoded.taken)
    return decoded.coded


def _decode_python(stream: bytes, shape: tuple[int, int, int], model: ContextModel) -> np.ndarray:
    """
    Decode symbol by symbol.

    Rows of cells lie with two more columns, one above, all of them zero, so that every cell has
    neighbours.
    """
    channels, height, width = shape
    reader = StreamReader(stream, channels * height * width, model.tables, native=False)
    stride = width + 2
    cells = [row * stride + column for row in range(1, height + 1)
             for column in range(1, width + 1)]
    around = [(rows * stride + columns, weight) for rows, columns, weight in AROUND]
    coded = [[0] * ((height + 1) * stride) for _ in range(channels)]
    level_of = coded[0]
    for cell in cells:
        number = 0
        for back, _ in around:
            number = number * model.levels + level_of[cell - back]
        level_of[cell] = level = reader.read_one(number)
        if not 0 <= level < model.levels:
            raise PayloadError(
                f'payload has a level that is none of the model, which has 0 to '
                f'{model.levels - 1}')
    # Cells outside expect nothing: the last column of sizes.
    kinds = [model.levels] * len(level_of)
    for cell in cells:
        kinds[cell] = level_of[cell]
    earlier = [0] * len(level_of)
    for channel in range(1, channels):
        expected, sizes, base = (
            of[channel].tolist() for of in (model.expected, model.sizes, model.base))
        first = model.cell_tables[channel >= model.planes]
        parents = [coded[parent] for parent in model.parents_of(channel)]
        own = coded[channel]
        for cell in cells:
            kind = kinds[cell]
            if expected[kind] == SILENT:
                continue
            seen = earlier[cell] if channel >= model.planes else 0
            for parent in parents:
                seen += PARENT_WEIGHT * abs(parent[cell])
            usual = base[kind]
            for back, weight in around:
                seen += weight * abs(own[cell - back])
                usual += weight * sizes[kinds[cell - back]]
            own[cell] = symbol = reader.read_one(first + table_step(expected[kind], seen, usual))
            if channel >= model.planes:
                earlier[cell] += EARLIER_WEIGHT * abs(symbol)
    reader.finish()
    return np.array(coded, np.int8).reshape(channels, height + 1, stride)[:, 1:, 1:-1].copy()
