"""Answer which operating points a model bundle comes with: `operating_points.yaml`, checked."""

from pathlib import Path
from typing import Any

import yaml

from slim_split_ros.control import ControlError, OperatingPoint, OperatingPoints
from slim_split_ros.ros.errors import StartError
from slim_split_ros.wire import Manifest

FILE_NAME = 'operating_points.yaml'
_REMEDY = 'measure it again with `python -m slim_split_ros profile`, or remove the file'


def read_operating_points(manifest: Manifest) -> OperatingPoints | None:
    """Return the measured table, None where there is none; StartError for a wrong one."""
    path = manifest.folder / FILE_NAME
    if not path.is_file():
        return None
    try:
        return _parse(yaml.safe_load(path.read_text('utf-8')), path, manifest)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StartError(f'{path} cannot be read ({error}): {_REMEDY}') from error
    except (ControlError, KeyError, TypeError, ValueError) as error:
        raise StartError(f'{path} holds no operating points ({error!r}): {_REMEDY}') from error


def _parse(document: Any, path: Path, manifest: Manifest) -> OperatingPoints:
    if document['fingerprint'] != f'{manifest.fingerprint:016x}':
        raise StartError(
            f'{path} was measured with model {document["fingerprint"]}, this is '
            f'{manifest.fingerprint:016x}: {_REMEDY}')
    points = OperatingPoints(_parse_point(row) for row in document['points'])
    for point in points:
        if manifest.width_index(point.width) is None or point.rate >= manifest.rates:
            raise StartError(f'{path} lists width {point.width} with rate {point.rate}, which '
                             f'the model lacks: {_REMEDY}')
    return points


def _parse_point(row: dict[str, Any]) -> OperatingPoint:
    return OperatingPoint(
        width=float(row['width']), rate=int(row['rate']), bytes=float(row['bytes']),
        bytes_p95=float(row['bytes_p95']), encode_ms=float(row['encode_ms']),
        encode_ms_p95=float(row['encode_ms_p95']), ap50=float(row['ap50']))
