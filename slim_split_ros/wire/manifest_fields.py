"""The typed reading of a manifest's fields; what they mean together is `manifest.py`'s."""

from __future__ import annotations

from collections.abc import Mapping
import re
from typing import Any

from slim_split_ros.wire.errors import ManifestError

# Multiplied and divided by in float32.
LEAST_GAIN = 1e-6
FILE_NAME = re.compile(r'[A-Za-z0-9_][A-Za-z0-9._-]{0,127}')
SHA_256 = re.compile(r'[0-9a-f]{64}')


class Fields:
    """Read typed fields of a JSON object; a wrong one is named with its value."""

    def __init__(self, data: Any, where: str = '') -> None:
        if not isinstance(data, dict):
            raise ManifestError(f'{where or "the document"} is {data!r:.40}, must be an object')
        self._data = data
        self._where = where

    def get(self, name: str, *kinds: type) -> Any:
        """Return a field of one of these types; an integer serves as a float, a bool never."""
        value = self._data.get(name)
        if type(value) not in kinds:
            expected = ' or '.join(kind.__name__ for kind in kinds)
            raise ManifestError(f'{self._where}{name} is {value!r:.40}, must be {expected}')
        return value

    def positive(self, name: str, limit: int) -> int:
        """Return an integer from 1 to `limit`."""
        value: int = self.get(name, int)
        if not 1 <= value <= limit:
            raise ManifestError(f'{self._where}{name} is {value!r:.40}, must be 1 to {limit}')
        return value

    def items(self, name: str, limit: int) -> list[Any]:
        """Return a list of 1 to `limit` entries."""
        value: list[Any] = self.get(name, list)
        if not value:
            raise ManifestError(f'{self._where}{name} is empty')
        if len(value) > limit:
            raise ManifestError(
                f'{self._where}{name} has {len(value)} entries, must have at most {limit}')
        return value

    def gains(self, name: str, limit: int) -> tuple[float, ...]:
        """Return 1 to `limit` numbers that float32 holds, and their inverses too."""
        value = self.items(name, limit)
        if not all(type(number) in (int, float) and LEAST_GAIN <= number <= 1 / LEAST_GAIN
                   for number in value):
            raise ManifestError(
                f'{self._where}{name} is {value!r:.40}, must hold positive, finite numbers from '
                f'{LEAST_GAIN:g} to {1 / LEAST_GAIN:g}')
        return tuple(map(float, value))

    def optional(self, name: str) -> Any:
        """Return a field as it is, or None."""
        return self._data.get(name)

    def digests(self, name: str) -> Mapping[str, str]:
        """Return an object from plain file names to SHA-256."""
        files: dict[str, Any] = self.get(name, dict)
        for file, digest in files.items():
            self._check_file_name(name, file)
            if not isinstance(digest, str) or not SHA_256.fullmatch(digest):
                raise ManifestError(
                    f'{self._where}{name} has {digest!r:.40} for {file}, must be a SHA-256 in '
                    'lower-case hex')
        return files

    def listed_file(self, name: str, files: Mapping[str, str]) -> str:
        """Return a plain file name that `files` lists."""
        file: str = self.get(name, str)
        self._check_file_name(name, file)
        if file not in files:
            raise ManifestError(f'files has no SHA-256 of {file}')
        return file

    def _check_file_name(self, name: str, file: str) -> None:
        """Refuse names that could lead out of the folder."""
        if not FILE_NAME.fullmatch(file):
            raise ManifestError(
                f'{self._where}{name} is {file!r:.40}, must be a plain file name of letters, '
                'digits, dots, _ and -')
