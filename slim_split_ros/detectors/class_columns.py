"""Which column of a detector's outputs is which class?"""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from slim_split_ros.detectors import coco
from slim_split_ros.detectors.conventions.yolo import has_anchors_last
from slim_split_ros.detectors.description import Convention
from slim_split_ros.detectors.errors import DetectorFileError
from slim_split_ros.detectors.names import MOST_CLASSES, are_names, read_names
from slim_split_ros.detectors.signature import Signature

# Letters of a piece of metadata: 10,000 names of 100; a megabyte takes two seconds.
_MOST_LITERAL = 2**20
# Of unreadable names, letters that an error shows.
_SHOWN = 60
# The number of a class as a key of JSON.
_NUMBER = re.compile('[0-9]{1,6}')
# What frameworks whose losses have a column for no class call it.
_BACKGROUND = 'background'
# Those whose columns may include one of no class.
_WITH_BACKGROUND = (Convention.QUERIES, Convention.QUERIES_SOFTMAX, Convention.BOXES_SCORES)


def columns_of(signature: Signature, convention: Convention, named: int) -> int | None:
    """Return how many columns of classes there are, None where the outputs do not say."""
    shapes = [port.shape_of(3) for port in signature.outputs]
    raw = {Convention.YOLO: 4, Convention.YOLOV5: 5}
    if convention in raw and signature.has_more_than_boxes and not signature.mask_channels:
        if not named:
            raise DetectorFileError(
                f'{signature.path}: it is of task {signature.task}, and only the names of its '
                'classes tell scores from what stands behind them: list them as `names` in '
                f'{signature.path.with_suffix(".yaml").name} beside it')
        return named
    if convention in raw:
        more = signature.mask_channels
        anchors_last = convention is Convention.YOLO and has_anchors_last(shapes[0], named + more)
        side = shapes[0][1 if anchors_last else 2]
        return None if side is None else side - raw[convention] - more
    if convention is Convention.YOLOX:
        return None if shapes[0][-1] is None else shapes[0][-1] - 5
    if convention in _WITH_BACKGROUND:
        widths = sorted(shape[-1] or 0 for shape in shapes)
        return next((width for width in widths if width != 4), 4) or None
    return None


def given_names(signature: Signature) -> tuple[tuple[str, ...], str]:
    """Return the classes that its metadata or a file beside it name, and which of them does."""
    text = signature.metadata.get('names', '')
    named = _read_names(text)
    beside = signature.path.with_suffix('.txt')
    if not named and beside.is_file():
        return read_names(beside), beside.name
    if not named and text.strip(' []{}'):
        raise DetectorFileError(
            f'{signature.path}: the names of its classes in its metadata cannot be read '
            f'({text[:_SHOWN]!r}): list them as `names` in '
            f'{signature.path.with_suffix(".yaml").name} beside it, or one a line in '
            f'{beside.name}')
    return named, 'its metadata'


def named_columns(
    signature: Signature, convention: Convention, given: tuple[str, ...], given_by: str,
    columns: int | None, is_said: bool,
) -> tuple[tuple[str, ...], str]:
    """
    Return the classes by column, and where they come from.

    Raises DetectorFileError for names, given by metadata or a file or said in a YAML, that are
    not those of the columns.
    """
    while columns is not None and len(given) > max(columns, 0) and not given[-1].strip():
        given = given[:-1]  # blank lines at the end of a file; others are columns of no class
    if columns is not None and columns > MOST_CLASSES:
        raise DetectorFileError(
            f'{signature.path}: it gives {columns} classes, detectors have at most '
            f'{MOST_CLASSES}. {signature}')
    if convention is Convention.QUERIES_SOFTMAX and columns == len(given) + 1:
        given = (*given, '')  # the last is no object
    if not is_said:
        _check_number(signature, convention, given, given_by, columns)
        given, given_by = _names_by_column(given, given_by, columns)
    elif columns not in (None, len(given)):
        raise DetectorFileError(f'{signature.path.with_suffix(".yaml")}: names lists '
                                f'{len(given)} classes, the detector gives {columns}')
    if convention in _WITH_BACKGROUND:
        given = tuple('' if name.strip('_ ').lower() == _BACKGROUND else name for name in given)
    return given, given_by


def _check_number(
    signature: Signature, convention: Convention, given: tuple[str, ...], given_by: str,
    columns: int | None,
) -> None:
    """Refuse names of which nobody can tell whose column each is."""
    if columns is None or not any(given):
        return
    # Where there may be a column of no class, it may be the first or the last.
    may_be_shifted = len(given) == columns - 1 and convention in _WITH_BACKGROUND
    if len(given) > columns or may_be_shifted:
        raise DetectorFileError(
            f'{signature.path}: it gives {columns} classes, read as convention '
            f'{convention.value}, and {given_by} names {len(given)}: list {columns} as `names` in '
            f'{signature.path.with_suffix(".yaml").name} beside it, \'\' for a column of no class '
            '(the background or an unused number, often the first)')


def _names_by_column(
    named: tuple[str, ...], source: str, columns: int | None
) -> tuple[tuple[str, ...], str]:
    """Return the classes by column, and where they come from."""
    if not named and columns in (len(coco.NAMES), None):
        named, source = coco.NAMES, 'COCO, as nothing names them'
    if not named and columns == len(coco.NAMES_BY_NUMBER):
        named, source = coco.NAMES_BY_NUMBER, "COCO's numbers, as nothing names them"
    if not named and columns == len(coco.NAMES_OF_SOFTMAX):
        named, source = coco.NAMES_OF_SOFTMAX, "COCO's numbers, as nothing names them"
    if columns is not None and not any(named[:columns]):
        named = ()
    if columns is not None and len(named) != columns:
        if named:
            source = f'{source}, which names {len(named)} of {columns}'
        else:
            source = 'their numbers, as nothing names them'
        named = (*named[:columns],
                 *(f'class_{number}' for number in range(len(named), columns)))
    return tuple(named), source


def _read_names(text: str) -> tuple[str, ...]:
    """Read a list or a mapping from numbers, written as Python or JSON does; () for else."""
    named = literal(text)
    if named is None:
        named = _json(text)
    if isinstance(named, dict):
        named = {int(key) if isinstance(key, str) and _NUMBER.fullmatch(key) else key: name
                 for key, name in named.items()}
        if all(isinstance(key, int) and key < MOST_CLASSES for key in named):
            named = [named.get(number, '') for number in range(max(named, default=-1) + 1)]
    return tuple(named) if are_names(named) else ()


def _json(text: str) -> Any:
    if len(text) > _MOST_LITERAL:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def literal(text: str) -> Any:
    """Return what Python would read there, None where that is nothing."""
    if len(text) > _MOST_LITERAL:
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
