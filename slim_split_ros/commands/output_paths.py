"""Where a command writes: what cannot be written to is known before minutes of work."""

from __future__ import annotations

import argparse
import errno
import json
import os
from pathlib import Path
import tempfile

from slim_split_ros.weights import SHIPPED_MODELS
from slim_split_ros.wire.utf8 import is_utf8

# Arguments whose texts may be paths.
_SOURCES = ('source', 'base', 'model')
# What outputs are: one in a folder that is read may be of an earlier run of the same command.
_WRITTEN = ('.json', '.html', '.rrd')


class OutputPath(type(Path())):
    """A path that the command line names to write to."""


def output_file(text: str) -> OutputPath:
    """Return the path of a file that can be written; raises ArgumentTypeError for any other."""
    path = OutputPath(os.path.expanduser(text))
    _check(path, is_folder=False)
    return path


def output_folder(text: str) -> OutputPath:
    """Return the path of a folder that can be made; raises ArgumentTypeError for any other."""
    path = OutputPath(os.path.expanduser(text))
    _check(path, is_folder=True)
    return path


def why_overwritten(args: argparse.Namespace) -> str:
    """Say which output is what the same command reads, or lies in it; empty if none does."""
    arguments = [(name, item) for name, value in vars(args).items()
                 for item in (value if isinstance(value, list) else [value])]
    inputs = {os.path.realpath(place): name for name, item in arguments
              if _is_input(name, item) for place in _read_with(os.path.expanduser(item))}
    for name, item in arguments:
        if isinstance(item, OutputPath) and os.path.exists(item):
            place = os.path.realpath(item)
            is_foreign = item.is_file() and item.suffix.lower() not in _WRITTEN
            places = [place, *map(str, Path(place).parents)] if is_foreign else [place]
            if read := next((inputs[place] for place in places if place in inputs), ''):
                return (f'argument --{name}: {item} is, or lies in, what {read} of the same '
                        'command reads: choose another')
    return ''


def _read_with(place: str) -> list[str]:
    """Return a file and, of a detector, those beside it that say how it is read."""
    stem, suffix = os.path.splitext(place)
    return [place, f'{stem}.yaml', f'{stem}.txt'] if suffix == '.onnx' else [place]


def _is_input(name: str, value: object) -> bool:
    if isinstance(value, str):
        return bool(value) and name in _SOURCES and value not in SHIPPED_MODELS
    return isinstance(value, Path) and not isinstance(value, OutputPath)


def write_text(file: Path, text: str) -> None:
    """Write a text in UTF-8; folders that are missing are made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding='utf-8')


def write_json(file: Path | None, document: object) -> None:
    """Write a document, where a file was asked for."""
    if file is not None:
        write_text(file, json.dumps(document, indent=1) + '\n')


def _check(path: Path, *, is_folder: bool) -> None:
    # OpenCV crashes on it, and neither pages nor JSON can name it.
    if not is_utf8(str(path)):
        raise argparse.ArgumentTypeError(f'{str(path)!r} is not written in UTF-8: choose another')
    try:
        found = next(place for place in (path, *path.absolute().parents) if place.exists())
        if found != path and not found.is_dir():
            raise argparse.ArgumentTypeError(f'{path}: {found} is a file, not a folder')
        if found == path and found.is_dir() != is_folder:
            raise argparse.ArgumentTypeError(
                f'{path} is a file: give a folder' if is_folder
                else f'{path} is a folder: give a file in it')
        _try_writing(found)
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f'{path} cannot be written to ({error.strerror}): choose another') from error


def _try_writing(place: Path) -> None:
    # Permissions do not tell: a file system may be full, read-only, or take no files at all.
    if place.is_dir():
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b'a')
    elif not os.access(place, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
