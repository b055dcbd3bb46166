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
from slim_split_ros.detectors.names import MOST_CLASSES, are_names, by_number, read_names
from slim_split_ros.detectors.signature import Shape, Signature

# Letters of a piece of metadata: 10,000 names of 100; a megabyte takes two seconds.
_MOST_LITERAL = 2**20
# Of unreadable names, letters that an error shows.
_SHOWN = 60
# The number of a class as a key of JSON.
_NUMBER = re.compile('[0-9]{1,6}')
# Where nothing names the classes: of more rows nobody can tell whether they are columns.
MOST_NAMELESS = 100
# Of every YOLO with masks.
MASK_COEFFICIENTS = 32
# In one output, what stands before the classes.
_RAW = {Convention.YOLO: 4, Convention.YOLOV5: 5}
# What frameworks whose losses have a column for no class call it.
_BACKGROUND = 'background'
_COCO_COLUMNS = (None, len(coco.NAMES), len(coco.NAMES_BY_NUMBER))
# Those whose columns may include one of no class.
_WITH_BACKGROUND = (Convention.QUERIES, Convention.QUERIES_SOFTMAX, Convention.BOXES_SCORES)


def columns_of(signature: Signature, convention: Convention, named: int) -> int | None:
    """Return how many columns of classes there are, None where the outputs do not say."""
    shapes = [port.shape_of(3) for port in signature.outputs]
    if convention in _RAW:
        return _raw_columns(signature, convention, shapes[0], named)
    if convention is Convention.YOLOX:
        return None if shapes[0][-1] is None else shapes[0][-1] - 5
    if convention in _WITH_BACKGROUND:
        widths = sorted(shape[-1] or 0 for shape in shapes)
        return next((width for width in widths if width != 4), 4) or None
    return None


def _raw_columns(
    signature: Signature, convention: Convention, shape: Shape, named: int
) -> int | None:
    """Return the same where one output has boxes, scores and, of some tasks, more behind."""
    if signature.has_more_than_boxes and not signature.mask_channels:
        if not named:
            raise DetectorFileError(
                f'{signature.path}: it is of task {signature.task}, and only the names of its '
                'classes tell scores from what stands behind them: list them as `names` in '
                f'{signature.path.with_suffix(".yaml").name} beside it. {signature}')
        return named
    raw, masks, sides = _RAW[convention], signature.mask_channels, shape[1:]
    fitting = [more for more in (0, masks) if raw + named + more in sides]
    if not fitting and None in sides and named:
        return named
    more = fitting[0] if named and fitting else masks
    anchors_last = convention is Convention.YOLO and has_anchors_last(shape, named + more)
    side = sides[0 if anchors_last else 1]
    if side is None or None in sides and side >= MOST_NAMELESS + more and not named:
        return None
    if not (named and fitting) and not signature.task and (
            more != MASK_COEFFICIENTS or side - raw == len(coco.NAMES)):
        more = 0  # grids of a network look like masks too
    return side - raw - more


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
    if columns is not None and columns < 1:
        raise DetectorFileError(
            f'{signature.path}: it gives no classes, read as convention {convention.value}: '
            f'export it as one that docs/detectors.md lists. {signature}')
    if columns is not None and columns > MOST_CLASSES:
        raise DetectorFileError(
            f'{signature.path}: it gives {columns} classes, detectors have at most '
            f'{MOST_CLASSES}. {signature}')
    if convention is Convention.QUERIES_SOFTMAX and given and columns == len(given) + 1:
        given = (*given, '')  # the last is no object
    if convention is Convention.TENSORFLOW:
        given, given_by = _names_from_one(given, given_by, is_said)
    elif not is_said:
        _check_number(signature, convention, given, given_by, columns)
        given, given_by = _names_by_column(convention, given, given_by, columns)
    elif columns not in (None, len(given)):
        raise DetectorFileError(f'{signature.path.with_suffix(".yaml")}: names lists '
                                f'{len(given)} classes, the detector gives {columns}. '
                                f'{signature}')
    if convention in _WITH_BACKGROUND:
        given = tuple('' if _is_background(name) else name for name in given)
    if convention is Convention.QUERIES_SOFTMAX and columns is not None and given[-1]:
        raise DetectorFileError(
            f'{signature.path}: the last of its {columns} columns is that of no object, and '
            f"{given_by} names it {given[-1]!r}: name it '' or leave it out. {signature}")
    return given, given_by


def _is_background(name: str) -> bool:
    return name.strip('_ ').lower() in ('', _BACKGROUND)


def _names_from_one(
    given: tuple[str, ...], given_by: str, is_said: bool
) -> tuple[tuple[str, ...], str]:
    """Return the names of classes whose numbers begin with 1: the first is no background."""
    if not given:
        return coco.NAMES_BY_NUMBER[1:], "COCO's numbers, as nothing names them"
    # In a YAML, as `export` writes it, an empty name is class 1 that is not used.
    has_background = _is_background(given[0]) and not (is_said and not given[0].strip())
    return given[1:] if has_background else given, given_by


def _check_number(
    signature: Signature, convention: Convention, given: tuple[str, ...], given_by: str,
    columns: int | None,
) -> None:
    """Refuse names of which nobody can tell whose column each is."""
    notes = signature.path.with_suffix('.yaml').name
    if not any(given):
        # A background that nobody names would be found everywhere.
        if convention is Convention.BOXES_SCORES and columns not in _COCO_COLUMNS:
            raise DetectorFileError(
                f'{signature.path}: it gives {columns} classes and nothing names them: list '
                f"{columns} as `names` in {notes} beside it, '' for the background (often the "
                f'first). {signature}')
        return
    if columns is None:
        return
    # Where there may be a column of no class, it may be the first or the last.
    may_be_shifted = len(given) == columns - 1 and convention in _WITH_BACKGROUND
    from_one = '; number 0 is missing there: counted from 1, they are all one too far' if (
        not given[0] and len(given) == columns + 1) else ''
    if len(given) > columns or may_be_shifted:
        raise DetectorFileError(
            f'{signature.path}: it gives {columns} classes, read as convention '
            f'{convention.value}, and {given_by} names {len(given)}: list {columns} as `names` in '
            f"{notes} beside it, '' for a column of no class (the background or an unused "
            f'number, often the first){from_one}. {signature}')


def _names_by_column(
    convention: Convention, named: tuple[str, ...], source: str, columns: int | None
) -> tuple[tuple[str, ...], str]:
    """Return the classes by column, and where they come from."""
    if not named and convention is Convention.QUERIES_SOFTMAX:
        return _names_of_softmax(columns)
    if not named and columns in (len(coco.NAMES), None):
        named, source = coco.NAMES, 'COCO, as nothing names them'
    if not named and columns == len(coco.NAMES_BY_NUMBER):
        named, source = coco.NAMES_BY_NUMBER, "COCO's numbers, as nothing names them"
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


def _names_of_softmax(columns: int | None) -> tuple[tuple[str, ...], str]:
    if columns in (len(coco.NAMES_OF_SOFTMAX), None):
        return coco.NAMES_OF_SOFTMAX, "COCO's numbers, as nothing names them"
    return ((*(f'class_{number}' for number in range(columns - 1)), ''),
            'their numbers, as nothing names them')


def _read_names(text: str) -> tuple[str, ...]:
    """Read a list or a mapping from numbers, written as Python or JSON does; () for else."""
    named = literal(text)
    if named is None:
        named = _json(text)
    if isinstance(named, dict):
        named = {int(key) if isinstance(key, str) and _NUMBER.fullmatch(key) else key: name
                 for key, name in named.items()}
        named = by_number(named)
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
