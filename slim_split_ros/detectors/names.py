"""What the classes of a detector are called: names from outside, checked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
import unicodedata

from slim_split_ros.detectors.errors import DetectorFileError

# Open Images has 600 classes, LVIS 1,203.
MOST_CLASSES = 10_000
MOST_NAME_BYTES = 256  # as in a model's manifest
_MOST_FILE_BYTES = 2**20


def are_names(values: Any) -> bool:
    """Return whether these are names of classes that messages can carry; some may be empty."""
    return isinstance(values, (list, tuple)) and len(values) <= MOST_CLASSES and all(
        isinstance(name, str) and _is_short_text(name) for name in values) and any(
        name.strip() for name in values)


def by_number(names: Any) -> Any:
    """Turn a mapping from numbers to names into a list, empty where a number is left out."""
    if not isinstance(names, dict) or not all(
            type(number) is int and 0 <= number < MOST_CLASSES for number in names):
        return names
    return [names.get(number, '') for number in range(max(names, default=-1) + 1)]


def read_names(file: Path) -> tuple[str, ...]:
    """Read one name a line; raise DetectorFileError for a file that holds none."""
    limits = (f'at most {MOST_CLASSES} names of {MOST_NAME_BYTES} bytes, one a line, in UTF-8 and '
              'without control characters')
    try:
        names = read_text(file, _MOST_FILE_BYTES).removesuffix('\n').split('\n')
    except (OSError, ValueError) as error:
        raise DetectorFileError(f'{file} cannot be read as names ({error}): give {limits}'
                                ) from error
    names = [name.removesuffix('\r') for name in names]
    if not are_names(names):
        raise DetectorFileError(
            f'{file} holds no names of classes, or other things than names: give {limits}')
    return tuple(names)


def read_text(file: Path, most_bytes: int) -> str:
    """Read UTF-8 past a byte order mark; raise OSError or ValueError for what is no such text."""
    if not os.path.isfile(file):  # unlike pathlib it lets names pass that are too long
        raise FileNotFoundError('it is no file')
    with file.open('rb') as stream:
        content = stream.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ValueError(f'it has more than {most_bytes} bytes')
    return content.decode('utf-8-sig')


def is_utf8(text: str) -> bool:
    """Tell whether others than Python take it: half of a surrogate pair is text there alone."""
    return text.encode(errors='replace').decode() == text


def _is_short_text(name: str) -> bool:
    # A terminal obeys control characters, wherever a name is printed.
    return is_utf8(name) and len(name.encode()) <= MOST_NAME_BYTES and not any(
        unicodedata.category(letter) == 'Cc' for letter in name)
