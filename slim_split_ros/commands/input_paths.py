"""What a command reads: paths as people write them, where a shell leaves them as they are."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from slim_split_ros.wire.utf8 import is_utf8


def input_path(text: str) -> Path:
    """Return the path of a text, `~` expanded."""
    return Path(os.path.expanduser(text))


def printable_path(text: str) -> Path:
    """Return the path of what a page or JSON will name; ArgumentTypeError where none could."""
    if not is_utf8(text):
        raise argparse.ArgumentTypeError(f'{text!r} is not written in UTF-8: rename it')
    return input_path(text)


def name_of(path: str | Path) -> str:
    """
    Return the last part of a path, which the working directory has too.

    >>> name_of('bags/run1/'), name_of('/data/hall/.')
    ('run1', 'hall')
    """
    return os.path.basename(os.path.abspath(os.path.expanduser(path)))
