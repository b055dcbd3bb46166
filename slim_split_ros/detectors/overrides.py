"""
What a YAML beside a detector's file says of it, and overrules: read and written.

Every entry is optional.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from enum import Enum
import math
from pathlib import Path
import re
import reprlib
from typing import Any

import yaml

from slim_split_ros.detectors.description import (
    BoxUnits,
    Convention,
    Description,
    Layout,
    Resize,
)
from slim_split_ros.detectors.errors import DetectorFileError
from slim_split_ros.detectors.names import (
    MOST_CLASSES,
    MOST_NAME_BYTES,
    are_names,
    by_number,
    read_names,
    read_text,
)

_CHOICES: dict[str, type[Enum]] = {
    'convention': Convention, 'layout': Layout, 'resize': Resize, 'box_units': BoxUnits}
_PLAIN_NUMBER = re.compile(
    r'[-+]?(0|[1-9][0-9]*|[0-9]*\.[0-9]+|[0-9]+\.)([eE][-+]?[0-9]+)?|[-+]?\.(inf|nan)')
# PyYAML reads 0.3 MB a second.
_MOST_FILE_BYTES = 2**18
_SHOWN = 80
_TRIPLES = ('mean', 'deviation')
_LIMITS = {'input_size': (1.0, 4096.0), 'mean': (0.0, 1e6), 'nms_iou': (0.0, 1.0)}
# Of those by which is multiplied or divided.
_OTHER_LIMITS = (1e-9, 1e6)
# What others call entries, and letters alone would take for another.
_MEANT = {'size': 'input_size', 'imgsz': 'input_size', 'classes': 'names', 'std': 'deviation'}
_ENTRIES = (*_CHOICES, 'channels', 'scale', *_TRIPLES, 'input_size', 'names', 'nms_iou')


def template(conventions: Sequence[Enum] = tuple(Convention)) -> str:
    """Give such a file with all the entries that it may have, their choices behind them."""
    choices = {name: [item.value for item in kind] for name, kind in _CHOICES.items()}
    choices |= {'convention': [item.value for item in conventions], 'channels': ['rgb', 'bgr']}
    lines = [(f'{name}: {first}', f'or {", ".join(others)}' if others else '')
             for name, (first, *others) in choices.items()]
    lines += [
        ('scale: 0.00392', '(value x scale - mean) / deviation'), ('mean: [0, 0, 0]', ''),
        ('deviation: [1, 1, 1]', ''), ('input_size: [640, 640]', 'width, height'),
        ('names: [person, car]', 'or a file of one name a line'), ('nms_iou: 0.45', '')]
    return '\n'.join(f'{entry:<24}# {note}' if note else entry for entry, note in lines)


def read_overrides(path: Path) -> dict[str, Any]:
    """Return what the file says, by field of Description; raise DetectorFileError for an entry."""
    entries = _read(path)
    changes: dict[str, Any] = {}
    for name, value in entries.items():
        if name not in _ENTRIES:
            asked = _shown(name).strip("'")
            alike = get_close_matches(_MEANT.get(asked, asked), _ENTRIES, n=1)
            meant = f', did you mean {alike[0]}' if alike else ''
            raise DetectorFileError(f'{path}: unknown entry {_shown(name)}{meant}? It may '
                                    f'have:\n{template()}')
        changes |= _change(path, name, value)
    return changes


class _PlainLoader(yaml.SafeLoader):
    """
    Refuse what YAML takes and hardly anybody means: a key twice, 1_0 for ten, 1:30 for ninety.

    And merge keys: up to PyYAML 6.0.2 a few nested ones take all memory.
    """

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        if any(key.tag == 'tag:yaml.org,2002:merge' for key, _ in node.value):
            raise yaml.YAMLError('it has merge keys (<<): write the entries out')
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        twice = [key for key, times in keys.items() if times > 1]
        if twice:
            raise yaml.YAMLError(f'{twice[0]} stands there {keys[twice[0]]} times: leave one')
        super().flatten_mapping(node)

    def construct_number(self, node: yaml.ScalarNode) -> float:
        if not _PLAIN_NUMBER.fullmatch(node.value):
            raise yaml.YAMLError(f'{node.value!r} is no plain number: write decimals')
        return (self.construct_yaml_int if node.tag == _INTEGER else self.construct_yaml_float)(
            node)


_INTEGER, _FLOAT = 'tag:yaml.org,2002:int', 'tag:yaml.org,2002:float'
for _tag in (_INTEGER, _FLOAT):
    _PlainLoader.add_constructor(_tag, _PlainLoader.construct_number)


def to_yaml(described: Description) -> str:
    """Write what `read_overrides` reads, every entry, so that nothing is left to a guess."""
    return yaml.safe_dump({
        **{name: getattr(described, name).value for name in _CHOICES},
        'channels': described.channels, 'scale': described.scale,
        **{name: list(getattr(described, name)) for name in _TRIPLES},
        'input_size': [described.input_width, described.input_height],
        'names': list(described.names), 'nms_iou': described.nms_iou,
    }, sort_keys=False, allow_unicode=True)


def _read(path: Path) -> dict[Any, Any]:
    try:
        document = yaml.load(read_text(path, _MOST_FILE_BYTES), _PlainLoader)
    # The border to the parser: for texts that look like a number or date and are none, PyYAML
    # raises whatever it happens to.
    except Exception as error:
        raise DetectorFileError(f'{path}: no YAML ({" ".join(str(error).split())}); it may '
                                f'have:\n{template()}') from error
    if not isinstance(document, dict):
        raise DetectorFileError(f'{path}: holds no entries; it may have:\n{template()}')
    return document


def _change(path: Path, name: str, value: Any) -> dict[str, Any]:
    if name in _CHOICES:
        known = {item.value: item for item in _CHOICES[name]}
        if not isinstance(value, str) or value not in known:
            raise DetectorFileError(f'{path}: {name} is {_shown(value)}, has to be one of '
                                    f'{", ".join(known)}')
        return {name: known[value]}
    if name == 'channels':
        if value not in ('rgb', 'bgr'):
            raise DetectorFileError(f'{path}: channels is {_shown(value)}, has to be rgb or bgr')
        return {name: value}
    if name == 'input_size':
        width, height = _numbers(path, name, value, 2)
        return {'input_width': int(width), 'input_height': int(height)}
    if name in _TRIPLES:
        return {name: _numbers(path, name, value, 3)}
    if name == 'names':
        return {'names': _read_names(path, value), 'names_from': path.name}
    number, = _numbers(path, name, value, 1)
    return {name: number}


def _shown(value: Any) -> str:
    # Never all of it: aliases make gigabytes of some kB.
    return reprlib.repr(value)[:_SHOWN]


def _numbers(path: Path, name: str, value: Any, count: int) -> tuple[float, ...]:
    """Return finite numbers within the entry's limits: one, or a list; of a size whole ones."""
    lowest, highest = _LIMITS.get(name, _OTHER_LIMITS)
    is_whole = name == 'input_size'
    items = value if count > 1 else [value]
    if not isinstance(items, list) or any(isinstance(item, bool) for item in items):
        items = []
    try:
        numbers = tuple(map(_number, items))
    except (TypeError, ValueError, OverflowError):
        numbers = ()
    if len(numbers) != count or not all(
            math.isfinite(number) and lowest <= number <= highest
            and (number.is_integer() or not is_whole) for number in numbers):
        raise DetectorFileError(
            f'{path}: {name} is {_shown(value)}, has to be {count} {"whole " * is_whole}'
            f'number{"s" * (count > 1)} from {lowest:g} to {highest:g}')
    return numbers


def _number(item: Any) -> float:
    # YAML takes 1e-3 for text, and Python 1_0 for ten.
    if isinstance(item, str) and '_' in item:
        raise ValueError(item)
    return float(item)


def _read_names(path: Path, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return read_names(path.parent / value)
    value = by_number(value)
    if not are_names(value):
        raise DetectorFileError(
            f'{path}: names is {_shown(value)}, has to be a file of one name a line, or a list of '
            f'1 to {MOST_CLASSES} texts of at most {MOST_NAME_BYTES} bytes without control '
            'characters, or a mapping from numbers to such')
    return tuple(value)
