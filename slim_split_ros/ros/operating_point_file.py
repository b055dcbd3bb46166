"""The operating points that a model folder comes with: `operating_points.yaml`, checked."""

from pathlib import Path

import yaml

from slim_split_ros.control import (
    ControlError,
    OperatingPoints,
    parse_operating_points,
    unmeasured_points,
)
from slim_split_ros.ros.errors import StartError
from slim_split_ros.wire import Manifest

FILE_NAME = 'operating_points.yaml'
_REMEDY = 'measure it again with `python -m slim_split_ros profile`, or remove the file'


def read_operating_points(manifest: Manifest) -> OperatingPoints:
    """
    Return the measured table, an unmeasured one where there is no file.

    Raises StartError for a file of another model, or that is wrong.
    """
    path = manifest.folder / FILE_NAME
    if not path.is_file():
        return unmeasured_points(entry.width for entry in manifest.widths)
    try:
        document = yaml.safe_load(path.read_text('utf-8'))
        points = parse_operating_points(document, str(path))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise StartError(f'{path} cannot be read ({error}): {_REMEDY}') from error
    except ControlError as error:
        raise StartError(str(error)) from error
    _check_model(document, points, path, manifest)
    return points


def _check_model(
    document: object, points: OperatingPoints, path: Path, manifest: Manifest
) -> None:
    measured = document.get('fingerprint') if isinstance(document, dict) else None
    if measured != f'{manifest.fingerprint:016x}':
        raise StartError(
            f'{path} was measured with model {measured}, this is '
            f'{manifest.fingerprint:016x}: {_REMEDY}')
    for point in points:
        if manifest.width_index(point.width) is None or point.rate >= manifest.rates:
            raise StartError(f'{path} lists width {point.width} with rate {point.rate}, which '
                             f'the model lacks: {_REMEDY}')
