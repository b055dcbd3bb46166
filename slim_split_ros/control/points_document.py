"""
Operating points out of a document: what YAML or JSON gave, checked field by field.

Reads no file and no YAML; whoever does passes the plain lists and mappings on.
"""

from collections.abc import Iterable
from math import isfinite
from reprlib import repr as repr_in_short

from slim_split_ros.control.errors import OperatingPointError
from slim_split_ros.control.operating_points import LIMITS, OperatingPoint, OperatingPoints

FIELDS = tuple(field for field, _, _ in LIMITS)
WHOLE_FIELDS = {'rate', 'long_side'}
KIND_WORDS = {str: 'text', bool: 'true or false'}
REMEDY = 'measure the table again with `python -m slim_split_ros profile`'
# What an unmeasured width counts as: nothing is known of it but its order.
_UNKNOWN_BYTES = 1.0
SHOWN = 80


def parse_operating_points(document: object, name: str) -> OperatingPoints:
    """
    Read a list of points, or a mapping with one under `points`.

    Raises OperatingPointError, whatever the document is; `name` (the file's) begins the message.
    """
    rows = document.get('points') if isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise OperatingPointError(f'{name}: holds no list `points`; {REMEDY}')
    points = [_parse_point(row, f'{name}, point {number}')
              for number, row in enumerate(rows, start=1)]
    try:
        return OperatingPoints(points)
    except OperatingPointError as error:
        raise OperatingPointError(f'{name}: {error}') from None


def unmeasured_points(widths: Iterable[float]) -> OperatingPoints:
    """Give a table for a model that nobody profiled: a point a width, the widest is taken."""
    return OperatingPoints(
        [OperatingPoint(width, 0, _UNKNOWN_BYTES, _UNKNOWN_BYTES, 0.0, 0.0, ap50=width)
         for width in widths], is_measured=False)


def _parse_point(row: object, place: str) -> OperatingPoint:
    if not isinstance(row, dict):
        raise OperatingPointError(f'{place}: is {shown(row)}, not a mapping of '
                                  f'{", ".join(FIELDS)}; {REMEDY}')
    missing = [field for field in FIELDS if field not in row]
    if missing:
        raise OperatingPointError(f'{place}: lacks {", ".join(missing)}; {REMEDY}')
    # What else a point has may be absent: frames are of the first coder then, and alone.
    numbers = {field: _number(row[field], f'{place}: {field}')
               for field in (*FIELDS, 'long_side') if field in row}
    for field in WHOLE_FIELDS & numbers.keys():
        if numbers[field] != int(numbers[field]):
            raise OperatingPointError(
                f'{place}: {field} is {numbers[field]}, not a whole number; {REMEDY}')
        numbers[field] = int(numbers[field])
    named = {field: _of_kind(kind, row[field], f'{place}: {field}')
             for field, kind in (('coder', str), ('alone', bool)) if field in row}
    try:
        return OperatingPoint(**numbers, **named)
    except OperatingPointError as error:
        raise OperatingPointError(f'{place}: {error}') from None


def _number(value: object, place: str) -> float:
    """Give a finite number; a text, a truth value or 10**400 is none."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = float('inf')
        if isfinite(number):
            return number
    raise OperatingPointError(f'{place} is {shown(value)}, not a finite number; {REMEDY}')


def _of_kind(kind: type, value: object, place: str) -> object:
    if not isinstance(value, kind):
        raise OperatingPointError(
            f'{place} is {shown(value)}, not {KIND_WORDS[kind]}; {REMEDY}')
    return value


def shown(value: object) -> str:
    """Give a value as a message can hold it, however large it is."""
    try:
        return repr_in_short(value)[:SHOWN]     # lists in lists are long even in short
    except ValueError:      # a whole number of more digits than Python prints
        return 'a number of thousands of digits'
