"""The table of operating points beside a model's weights, as `profile` writes it, read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import yaml

from slim_split_ros.control import (
    OperatingPoint,
    OperatingPointError,
    OperatingPoints,
    parse_operating_points,
    point_label,
)
from slim_split_ros.control.points_document import REMEDY, shown
from slim_split_ros.wire.manifest import Manifest

POINTS_FILE = 'operating_points.yaml'
# The largest shipped one has 3 kB; PyYAML reads 0.3 MB a second.
MOST_FILE_BYTES = 2**18
# What PyYAML raises beside its own errors for texts that look like a date or number and are none.
VALUE_ERRORS = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class _PlainLoader(yaml.SafeLoader):
    """Refuse merge keys: up to PyYAML 6.0.2 a few nested ones take all memory."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        if any(key.tag == 'tag:yaml.org,2002:merge' for key, _ in node.value):
            raise yaml.YAMLError('it has merge keys (<<): write the entries out')
        super().flatten_mapping(node)


def read_operating_points(path: Path, manifest: Manifest | None = None) -> OperatingPoints:
    """
    Read a table; with a manifest, only one that was measured with that model.

    Raises OperatingPointError naming the file, the fault and the remedy.
    """
    document = _read_yaml(path)
    points = parse_operating_points(document, str(path))
    if manifest is None:
        return points
    _check_model(document, points, path, manifest)
    return OperatingPoints(_with_picture_size(point, manifest) for point in points)


def find_operating_points(manifest: Manifest) -> OperatingPoints | None:
    """Read the table in a model's folder; None where there is none. Raises as above."""
    path = manifest.folder / POINTS_FILE
    return read_operating_points(path, manifest) if path.is_file() else None


def _read_yaml(path: Path) -> object:
    try:
        with path.open('rb') as file:
            content = file.read(MOST_FILE_BYTES + 1)
        if len(content) > MOST_FILE_BYTES:
            raise ValueError(f'more than {MOST_FILE_BYTES} bytes')
        return yaml.load(content.decode(), _PlainLoader)
    except OSError as error:
        raise OperatingPointError(
            f'{path} cannot be read ({error.strerror}); {REMEDY}') from error
    except (yaml.YAMLError, *VALUE_ERRORS) as error:
        raise OperatingPointError(
            f'{path}: no YAML ({" ".join(str(error).split())}); {REMEDY}') from error


def _with_picture_size(point: OperatingPoint, manifest: Manifest) -> OperatingPoint:
    """Take the size of the coded picture from the model, which decides it."""
    if point.coder != 'video':
        return point
    return replace(point, long_side=manifest.video[point.rate].long_side)


def _check_model(
    document: object, points: OperatingPoints, path: Path, manifest: Manifest
) -> None:
    measured = document.get('fingerprint') if isinstance(document, dict) else None
    if measured != (expected := f'{manifest.fingerprint:016x}'):
        raise OperatingPointError(
            f'{path} was measured with model {shown(measured)}, this is {expected}; {REMEDY}')
    for point in points:
        rates = len(manifest.video) if point.coder == 'video' else manifest.rates
        if manifest.width_index(point.width) is None or point.rate >= rates:
            raise OperatingPointError(
                f'{path} lists {point_label(point)}, which the model lacks; {REMEDY}')
