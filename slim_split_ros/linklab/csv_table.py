"""Tables of numbers in CSV files, whose every refusal names file, line, value and way out."""

import codecs
from collections.abc import Iterator
import csv
from dataclasses import dataclass
import io
from math import isfinite
from pathlib import Path

from slim_split_ros.linklab.errors import TableError

# UTF-32 first: its mark of small endian begins with that of UTF-16.
MARKS = ((codecs.BOM_UTF32_LE, 'UTF-32'), (codecs.BOM_UTF32_BE, 'UTF-32'),
         (codecs.BOM_UTF16_LE, 'UTF-16'), (codecs.BOM_UTF16_BE, 'UTF-16'))
SHOWN = 60


@dataclass(frozen=True, slots=True)
class TableRow:
    """Hold one line's fields under the table's columns; `place` is file and line."""

    place: str
    columns: tuple[str, ...]
    fields: tuple[str, ...]

    def number(self, column: str, least: float, most: float) -> float:
        """Give a column's finite number; raise TableError for anything else."""
        text = self.fields[self.columns.index(column)].strip()
        try:
            value = float(text)
        except ValueError:
            value = None
        if value is None or not isfinite(value) or not least <= value <= most:
            raise TableError(f'{self.place}: {column} is "{_shown(text)}", it has to be a number '
                             f'from {least:g} to {most:g}; correct the line or take it out')
        return value


def read_text(path: Path) -> str:
    """Read a file in UTF-8, past a byte order mark; raise TableError for any other or none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TableError(f'{path} cannot be read ({error.strerror}): give the path of a file '
                         'that is there, in CSV') from error
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), None)
    if encoding is None and b'\0' in data:
        encoding = 'UTF-16 or no text at all'
    if encoding is not None:
        raise TableError(f'{path}: is in {encoding}, it has to be in UTF-8: save it as '
                         f'"CSV UTF-8", or convert it with iconv')
    try:
        return data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        line = data.count(b'\n', 0, error.start) + 1
        raise TableError(f'{path}, line {line}: byte 0x{data[error.start]:02x} is not UTF-8: '
                         f'save it as "CSV UTF-8", or convert it with iconv') from error


def parse_rows(text: str, name: str, columns: tuple[str, ...]) -> Iterator[TableRow]:
    """
    Go through the rows below a header of those columns; empty lines and ends are read over.

    Raises TableError; `name` stands for the file in the messages.
    """
    lines = csv.reader(io.StringIO(text, newline=None), skipinitialspace=True)
    try:
        header = tuple(field.strip() for field in _without_empty_end(next(lines, [])))
        if header != columns:
            raise TableError(f'{name}, line 1: the header has to be "{",".join(columns)}", found '
                             f'"{_shown(",".join(header))}"')
        for line in lines:
            fields = _without_empty_end(line)
            place = f'{name}, line {lines.line_num}'
            if fields and len(fields) != len(columns):
                raise TableError(f'{place}: "{_shown(",".join(fields))}" has {len(fields)} '
                                 f'fields, needs {len(columns)} ({",".join(columns)})')
            if fields:
                yield TableRow(place, columns, tuple(fields))
    except csv.Error as error:
        raise TableError(f'{name}, line {lines.line_num}: {error}; is it a CSV file?') from error


def _shown(text: str) -> str:
    """Give the beginning of a text; where a quote was forgotten it has many lines."""
    return ' '.join(text[:SHOWN].split())


def _without_empty_end(fields: list[str]) -> list[str]:
    """Drop the empty fields with which spreadsheets fill up a line."""
    while fields and not fields[-1].strip():
        fields = fields[:-1]
    return fields
