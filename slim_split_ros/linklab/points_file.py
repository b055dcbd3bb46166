"""How `profile`'s operating points are read: YAML text to a checked table."""

from typing import Any

import yaml

from slim_split_ros.control import ControlError, OperatingPoint, OperatingPoints
from slim_split_ros.linklab.errors import TableError

FIELDS = ('width', 'rate', 'bytes', 'bytes_p95', 'encode_ms', 'encode_ms_p95', 'ap50')


def parse_points(text: str, name: str) -> OperatingPoints:
    """
    Read a list of points, or a mapping with one under `points`.

    Raises TableError with the place; `name` stands in the messages.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise TableError(f'{name}: no YAML ({" ".join(str(error).split())})') from error
    rows = document.get('points') if isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise TableError(f'{name}: holds no list `points`; write it with `profile`')
    try:
        return OperatingPoints([_parse_point(row, f'{name}, point {number}')
                                for number, row in enumerate(rows, start=1)])
    except ControlError as error:
        raise TableError(f'{name}: {error}') from error


def _parse_point(row: Any, place: str) -> OperatingPoint:
    missing = [field for field in FIELDS if not isinstance(row, dict) or field not in row]
    if missing:
        raise TableError(f'{place}: lacks {", ".join(missing)}')
    try:
        return OperatingPoint(rate=int(row['rate']), **{
            field: float(row[field]) for field in FIELDS if field != 'rate'})
    except (TypeError, ValueError) as error:
        raise TableError(f'{place}: {error}') from error
