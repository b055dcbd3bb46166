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
from slim_split_ros.wire.table_set import TableSet

INTERFACE_VERSION = 1
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
    _fields_ = [(name, ctypes.c_void_p) for name in ('first', 'frequency', 'start', 'entry_of')]


class _Position(ctypes.Structure):
    _fields_ = [('state', ctypes.c_uint64), ('left', ctypes.c_int64)]


def encode(entries: np.ndarray, table_of: np.ndarray, tables: TableSet) -> np.ndarray:
    """Encode entries, uint8 (n,), each of its table, uint16 (n,); returns words, uint32."""
    words = np.empty(len(entries) + 2, np.uint32)
    native = _Tables(tables.firsts.ctypes.data, tables.frequencies.ctypes.data,
                     tables.starts.ctypes.data, None)
    written = _library().entropy_encode(
        ctypes.byref(native), _address(table_of), _address(entries),
        ctypes.c_int64(len(entries)), _address(words))
    return words[:written]


class Reader:
    """Take entries off a stream of words, first one first."""

    def __init__(self, words: np.ndarray, tables: TableSet) -> None:
        self._words = np.ascontiguousarray(words, np.uint32)
        self._tables = tables
        self._native = _Tables(tables.firsts.ctypes.data, tables.frequencies.ctypes.data,
                               tables.starts.ctypes.data, tables.entry_of.ctypes.data)
        state, left = 0, len(words)
        for _ in range(min(2, left)):
            left -= 1
            state = state << 32 | int(words[left])
        self._position = _Position(state, left)

    def read(self, table_of: np.ndarray) -> np.ndarray:
        """Return the next entries, one of each table named: uint16 (n,) gives uint8 (n,)."""
        entries = np.empty(len(table_of), np.uint8)
        _library().entropy_decode(
            ctypes.byref(self._native), _address(table_of), ctypes.c_int64(len(entries)),
            _address(self._words), ctypes.byref(self._position), _address(entries))
        return entries

    def is_used_up(self) -> bool:
        """Tell whether the words held exactly what was read."""
        return not self._position.state and not self._position.left


def _address(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _library() -> ctypes.CDLL:
    library = native_coder().library
    assert library is not None, 'callers ask native_coder() first'
    return library
