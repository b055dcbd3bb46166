"""The fields of a COCO annotation file, each checked before anything relies on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
import json
from pathlib import Path, PurePosixPath
import reprlib
import sys
from typing import Any
import unicodedata

from slim_split_ros.training.data.findings import Findings
from slim_split_ros.wire.geometry import MAX_IMAGE_SIDE

MOST_NAME_BYTES = 256  # of a class, in what models and messages carry
LISTS = {'images': 'image', 'annotations': 'annotation', 'categories': 'category'}


@dataclass(frozen=True, slots=True)
class CategoryEntry:
    """A class of objects."""

    category_id: int
    name: str


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """A picture as it is listed; what was missing or odd is None."""

    name: str  # in faults
    image_id: int | None
    file_name: str | None
    width: int | None
    height: int | None
    sequence: str | int | None = None  # the recording that it belongs to, where that is said
    timestamp_s: float | None = None  # within the recording, where that is said

    @property
    def is_complete(self) -> bool:
        """Return whether it has all that every picture needs."""
        return None not in (self.image_id, self.file_name, self.width, self.height)


@dataclass(frozen=True, slots=True)
class BoxEntry:
    """A box as it is listed, in pixels; it may reach out of its picture or have no area."""

    name: str  # in faults and remarks
    image_id: int
    category_id: int
    box: tuple[float, float, float, float]  # x, y, w, h


@dataclass(frozen=True, slots=True)
class CocoEntries:
    """What could be read of an annotation file; boxes of crowds are left out."""

    categories: tuple[CategoryEntry, ...]  # by rising id
    images: tuple[ImageEntry, ...]
    boxes: tuple[BoxEntry, ...]


def read_entries(path: Path, faults: Findings) -> CocoEntries:
    """Read an annotation file; whatever is wrong with it, its absence too, becomes a fault."""
    lists = _read_lists(path, faults)
    images = tuple(ImageEntry(
        entry.name, entry.take('id', ID), entry.take('file_name', FILE_NAME),
        entry.take('width', SIDE), entry.take('height', SIDE),
        entry.take_if_there('sequence', SEQUENCE),
        entry.take_if_there('timestamp_s', TIME) if entry.has('timestamp_s')
        else entry.take_if_there('timestamp', TIME)) for entry in lists['images'])
    categories = [(entry.take('id', ID), entry.take('name', NAME))
                  for entry in lists['categories']]
    for name, count in Counter(name for _, name in categories).items():
        if name is not None and count > 1:
            faults.add('same name', f'category name {name!r} is used {count} times')
    boxes = tuple(_boxes(lists['annotations']))
    return CocoEntries(
        tuple(CategoryEntry(*fields) for fields in sorted(
            fields for fields in categories if None not in fields)),
        images, boxes)


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a field must be, in words and as a test that any JSON value can be put to."""

    wanted: str
    holds: Callable[[Any], bool]


def _is_number(value: object) -> bool:
    """Return whether a JSON value is a finite number; True and 10**400 are none."""
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and (value.isprintable() or all(
        unicodedata.category(letter) not in ('Cc', 'Cs') for letter in value))


def _stays_inside(value: str) -> bool:
    path = PurePosixPath(value)
    return not path.is_absolute() and '..' not in path.parts


ID = _Rule('an integer', lambda value: type(value) is int and -2 ** 63 <= value < 2 ** 63)
SIDE = _Rule(f'an integer of 1 to {MAX_IMAGE_SIDE}',
             lambda value: type(value) is int and 1 <= value <= MAX_IMAGE_SIDE)
NAME = _Rule(f'a name of at most {MOST_NAME_BYTES} bytes, without control characters',
             lambda value: _is_text(value) and len(value.encode()) <= MOST_NAME_BYTES)
FILE_NAME = _Rule("a path within the split's folder of pictures",
                  lambda value: _is_text(value) and _stays_inside(value))
BOX = _Rule('4 finite numbers x, y, width, height, the last two not negative', lambda value: (
    isinstance(value, list) and len(value) == 4 and all(map(_is_number, value))
    and min(value[2:]) >= 0))
SEQUENCE = _Rule('a name or an integer', lambda value: _is_text(value) or ID.holds(value))
TIME = _Rule('a finite number of seconds', _is_number)
CROWD = _Rule('0 or 1', lambda value: type(value) is int and value in (0, 1))
AREA = _Rule('a finite number, not negative', lambda value: _is_number(value) and value >= 0)


class _Entry:
    """One object of a list; its faults call it by its id or, without one, by its place."""

    def __init__(self, kind: str, fields: dict[str, Any], place: str, faults: Findings) -> None:
        self._kind, self._fields, self._faults = kind, fields, faults
        number = fields.get('id')
        self.number: int | None = number if ID.holds(number) else None
        self.name = place if self.number is None else f'{kind} {number}'
        if isinstance(fields.get('file_name'), str):
            self.name += f' ({reprlib.repr(fields["file_name"])})'

    def take(self, key: str, rule: _Rule, otherwise: object = None) -> Any:
        """Return a field that keeps its rule; None, and a fault, where it does not."""
        if key not in self._fields and otherwise is not None:
            return otherwise
        value = self._fields.get(key)
        if rule.holds(value):
            return value
        if key in self._fields:
            self._faults.add(f'odd {self._kind} {key}', (
                f'{self.name}: {key} is {reprlib.repr(value):.80}, must be {rule.wanted}'))
        else:
            self._faults.add(f'no {self._kind} {key}', (
                f'{self.name}: {key} is missing, must be {rule.wanted}'))
        return None

    def has(self, key: str) -> bool:
        """Return whether there is such a field, with something in it."""
        return self._fields.get(key) is not None

    def take_if_there(self, key: str, rule: _Rule) -> Any:
        """Return a field that need not be there, but keeps its rule where it is."""
        return self.take(key, rule) if self.has(key) else None


def _boxes(entries: list[_Entry]) -> Iterator[BoxEntry]:
    for entry in entries:
        fields = (entry.take('image_id', ID), entry.take('category_id', ID),
                  entry.take('bbox', BOX))
        entry.take('id', ID)  # COCO's evaluation goes by it
        entry.take('area', AREA, otherwise=0)
        if entry.take('iscrowd', CROWD, otherwise=0) == 0 and None not in fields:
            image_id, category_id, box = fields
            yield BoxEntry(entry.name, image_id, category_id, tuple(map(float, box)))


def _read_lists(path: Path, faults: Findings) -> dict[str, list[_Entry]]:
    """Return the entries of each of LISTS."""
    data = _read_json(path, faults)
    if not isinstance(data, dict):
        if not faults:
            faults.add('top', f'{path} is no object with the lists {", ".join(LISTS)}: is this '
                              'COCO detection format?')
        return {key: [] for key in LISTS}
    return {key: _entries(key, data.get(key), path, faults) for key in LISTS}


def _read_json(path: Path, faults: Findings) -> Any:
    """Return what a JSON file holds, a byte order mark let by; None where it cannot be read."""
    odd: list[str] = []
    try:
        data = json.loads(path.read_bytes(), parse_constant=lambda name: odd.append(name) or (
            float(name)))
    except FileNotFoundError:
        faults.add('file', f'{path} is missing: a data set has images/<split>/ and '
                           'annotations/instances_<split>.json')
        return None
    except (OSError, ValueError, RecursionError) as error:
        faults.add('file', f'{path} cannot be read as JSON: {error}')
        return None
    for name, count in Counter(odd).items():
        faults.add('not finite', f'{path} holds {name} {count} times, which is no JSON number')
    return data


def _entries(key: str, values: object, path: Path, faults: Findings) -> list[_Entry]:
    if not isinstance(values, list):
        faults.add('list', f'{path} has no list {key!r}: is this COCO detection format?')
        return []
    entries = []
    for index, value in enumerate(values):
        if isinstance(value, dict):
            entries.append(_Entry(LISTS[key], value, f'{key}[{index}]', faults))
        else:
            faults.add(key, f'{key}[{index}] is {reprlib.repr(value):.80}, must be an object')
    for number, count in Counter(entry.number for entry in entries).items():
        if number is not None and count > 1:
            faults.add(f'same {key}', f'{LISTS[key]} id {number} is used {count} times')
    if not values and key != 'annotations':
        faults.add(f'no {key}', f'{path} lists no {key}')
    return entries
