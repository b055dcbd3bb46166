"""Where a command writes: what cannot be written to is known before minutes of work."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from slim_split_ros.wire.utf8 import is_utf8


def output_file(text: str) -> Path:
    """Return the path of a file that can be written; raises ArgumentTypeError for any other."""
    path = Path(text)
    _check(path, is_folder=False)
    return path


def output_folder(text: str) -> Path:
    """Return the path of a folder that can be made; raises ArgumentTypeError for any other."""
    path = Path(text)
    _check(path, is_folder=True)
    return path


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
    except OSError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if not os.access(found, os.W_OK):
        raise argparse.ArgumentTypeError(f'{path}: {found} cannot be written to')
