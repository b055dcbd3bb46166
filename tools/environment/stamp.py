"""Which steps of set-up are done already? Keys of contents, kept in the virtual environment."""

from __future__ import annotations

from collections.abc import Iterable
import hashlib
import json
from pathlib import Path

STAMP_NAME = 'slim_split_setup.json'


def content_key(paths: Iterable[Path], *words: str) -> str:
    """Hash files (and the files below folders) by name and content, and words."""
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob('*')) if path.is_dir() else [path]:
            if file.is_file() and '__pycache__' not in file.parts:
                digest.update(f'{path.name}/{file.name}\0'.encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    for word in words:
        digest.update(f'{word}\0'.encode())
    return digest.hexdigest()[:16]


class Stamp:
    """The keys under which each step was last done in one virtual environment."""

    def __init__(self, venv: Path) -> None:
        """Read the stamp; a missing or damaged one means that nothing is done."""
        self._file = venv / STAMP_NAME
        try:
            self._keys: dict[str, str] = json.loads(self._file.read_text())
        except (OSError, ValueError):
            self._keys = {}

    def is_done(self, step: str, key: str) -> bool:
        """Say whether the step was done under this very key."""
        return self._keys.get(step) == key

    def mark(self, step: str, key: str) -> None:
        """Record the step as done."""
        self._write({**self._keys, step: key})

    def clear(self) -> None:
        """Forget every step: the virtual environment is about to be made anew."""
        self._file.unlink(missing_ok=True)
        self._keys = {}

    def _write(self, keys: dict[str, str]) -> None:
        self._keys = keys
        partial = self._file.with_suffix('.partial')
        partial.write_text(json.dumps(keys, indent=1))
        partial.replace(self._file)
