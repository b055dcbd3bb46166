"""Files of a model folder, opened so that nothing in their place is waited for or fills memory."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading; raise OSError where there is none, or something else."""
    # Whoever opened a pipe would wait for a writer.
    if os.path.exists(path) and not os.path.isfile(path):
        raise OSError(errno.EINVAL, 'it is no regular file', str(path))
    return path.open('rb')


def read_text(path: Path, most_bytes: int) -> str:
    """Read UTF-8; raise OSError, and ValueError for what is no such text or longer."""
    with open_regular(path) as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ValueError(f'more than {most_bytes} bytes')
    return content.decode()
