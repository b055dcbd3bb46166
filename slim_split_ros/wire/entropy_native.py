"""
The compiled entropy coder (`entropy.c`), where the package was built with a compiler.

Same stream, bit for bit, as `ans_python.py`, which runs where this is missing.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

import slim_split_ros
from slim_split_ros.wire.context_model import ContextModel
from slim_split_ros.wire.errors import PayloadError
from slim_split_ros.wire.table_set import TableSet

INTERFACE_VERSION = 2
LIBRARY_PATTERN = 'wire/_entropy*.so'
REMEDY = ('frames are coded by slower Python code, to the same bytes; with a C compiler, build '
          'the package again (make setup, colcon build or pip install)')


@dataclass(frozen=True, slots=True)
class NativeCoder:
    """Hold the loaded library, or why there is none."""

    library: ctypes.CDLL | None
    lack: str


@lru_cache(maxsize=1)
def native_coder() -> NativeCoder:
    """Load the library from where the package was installed, once."""
    lack = 'the compiled entropy coder is not installed'
    for folder in slim_split_ros.__path__:
        for path in sorted(Path(folder).glob(LIBRARY_PATTERN)):
            try:
                library = ctypes.CDLL(str(path))
                version = library.entropy_interface_version()
            except (OSError, AttributeError) as error:
                lack = f'{path} does not load ({error})'
                continue
            if version == INTERFACE_VERSION:
                return NativeCoder(library, '')
            lack = f'{path} is of another version of the package'
    return NativeCoder(None, f'{lack}: {REMEDY}')


class _Tables(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in (
        'first', 'frequency', 'start', 'reciprocal', 'offset', 'escape', 'entry_of')]


class _Position(ctypes.Structure):
    _fields_ = [('state', ctypes.c_uint64), ('left', ctypes.c_int64)]


class _Model(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in (
        'expected', 'sizes', 'base', 'parents', 'first_parents')] + [
        (name, ctypes.c_int32) for name in ('levels', 'planes', 'channels', 'height', 'width')]


class _Escaped(ctypes.Structure):
    _fields_ = [('symbols', ctypes.c_void_p), ('count', ctypes.c_int64),
                ('taken', ctypes.c_int64)]


@dataclass(frozen=True, slots=True)
class Decoded:
    """Hold what was decoded, int8 (C, h, w), how many escaped symbols it took, and the end."""

    coded: np.ndarray
    taken: int
    is_used_up: bool


def encode(entries: np.ndarray, table_of: np.ndarray, tables: TableSet) -> np.ndarray:
    """Encode entries, uint8 (n,), each of its table, uint16 (n,); returns words, uint32."""
    words = np.empty(len(entries) + 2, np.uint32)
    written = _library().entropy_encode(
        ctypes.byref(_native_tables(tables, decodes=False)), _address(table_of), _address(entries),
        ctypes.c_int64(len(entries)), _address(words))
    return words[:written]


class Reader:
    """Take entries off a stream of words, first one first."""

    def __init__(self, words: np.ndarray, tables: TableSet) -> None:
        self._words = np.ascontiguousarray(words, np.uint32)
        self._tables = _native_tables(tables, decodes=True)
        self._position = _start(words)

    def read(self, table_of: np.ndarray) -> np.ndarray:
        """Return the next entries, one of each table named: uint16 (n,) gives uint8 (n,)."""
        entries = np.empty(len(table_of), np.uint8)
        _library().entropy_decode(
            ctypes.byref(self._tables), _address(table_of), ctypes.c_int64(len(entries)),
            _address(self._words), ctypes.byref(self._position), _address(entries))
        return entries

    def is_used_up(self) -> bool:
        """Tell whether the words held exactly what was read."""
        return not self._position.state and not self._position.left


@dataclass(frozen=True, slots=True)
class Placed:
    """Hold what a frame sends, in order: entries uint8 (n,) of tables uint16 (n,), and escapes."""

    entries: np.ndarray
    table_of: np.ndarray
    escaped: bytes


def place(coded: np.ndarray, model: ContextModel, count: int) -> Placed:
    """
    Find entry and table of all that is sent of int8 (C, h, w), as `frame_tables` does.

    `count` is how many symbols its cells send, and levels are those of the model.
    """
    coded = np.ascontiguousarray(coded)
    tables = _native_tables(model.tables, decodes=False)
    entries = np.empty(count, np.uint8)
    table_of = np.empty(count, np.uint16)
    plain = np.empty(count, np.int8)
    escaped = _Escaped(plain.ctypes.data, count, 0)
    _library().entropy_place(
        ctypes.byref(tables), ctypes.byref(_native_model(model, coded.shape)), _address(coded),
        _address(_memory(coded.shape)), _address(entries), _address(table_of),
        ctypes.byref(escaped))
    return Placed(entries, table_of, plain[:escaped.taken].tobytes())


def decode_contexts(words: np.ndarray, escaped: np.ndarray, shape: tuple[int, int, int],
                    model: ContextModel) -> Decoded:
    """Decode int8 (C, h, w); raises PayloadError for what no encoder writes."""
    coded = np.zeros(shape, np.int8)
    position, taken = _start(words), _Escaped(escaped.ctypes.data, len(escaped), 0)
    status = _library().entropy_decode_contexts(
        ctypes.byref(_native_tables(model.tables, decodes=True)),
        ctypes.byref(_native_model(model, shape)), _address(words), ctypes.byref(position),
        ctypes.byref(taken), _address(_memory(shape)), _address(coded))
    if status:
        raise PayloadError(_COMPLAINTS[status].format(
            has=len(escaped), asks=taken.taken + 1, most=model.levels - 1))
    return Decoded(coded, taken.taken, not position.state and not position.left)


# By the status that `entropy.c` returns.
_COMPLAINTS = {
    1: 'payload has {has} escaped symbols, its stream asks for {asks} and more',
    2: 'payload escapes a symbol that its entropy table holds',
    3: 'payload has a level that is none of the model, which has 0 to {most}',
}


def _native_tables(tables: TableSet, decodes: bool) -> _Tables:
    return _Tables(*(array.ctypes.data for array in (
        tables.firsts, tables.frequencies, tables.starts, tables.reciprocals,
        tables.offsets, tables.escapes)),
        tables.entry_of.ctypes.data if decodes else None)


def _native_model(model: ContextModel, shape: tuple[int, ...]) -> _Model:
    return _Model(*(array.ctypes.data for array in (
        model.expected, model.sizes, model.base, model.parents, model.first_parents)),
        model.levels, model.planes, *shape)


def _memory(shape: tuple[int, ...]) -> np.ndarray:
    """Return zeros for the `workspace` of `entropy.c`: 13 bytes a cell with a border, and more."""
    channels, height, width = shape
    cells = (height + 1) * (width + 2)
    return np.zeros(3 * cells + -(-(1 + channels) * cells // 4), np.uint32)


def _start(words: np.ndarray) -> _Position:
    state, left = 0, len(words)
    for _ in range(min(2, left)):
        left -= 1
        state = state << 32 | int(words[left])
    return _Position(state, left)


def _address(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)  # which keeps the array


def _library() -> ctypes.CDLL:
    library = native_coder().library
    assert library is not None, 'callers ask native_coder() first'
    return library
