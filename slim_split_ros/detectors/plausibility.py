"""Could outputs be as they were read? What is not gives itself away by shapes and numbers."""

from __future__ import annotations

import numpy as np

from slim_split_ros.detectors.candidates import Outputs
from slim_split_ros.detectors.description import BoxUnits, Convention, Description
from slim_split_ros.detectors.errors import OutputsError
from slim_split_ros.detectors.signature import Signature

# Of the input's sides: a thing at its edge may reach beyond it, not this far.
_FARTHEST_FRACTION = 4.0
# Of fractions of the input, what is at its edge; of pixels, things that nobody could see.
_NEAREST_PIXEL = 1.5


def check_columns(outputs: Outputs, signature: Signature, description: Description) -> None:
    """
    Raise OutputsError where one output has other columns than its classes need.

    A graph may leave them free, and then only what it gives tells.
    """
    classes = len(description.names)
    needed = {Convention.YOLO: 4 + classes, Convention.YOLOV5: 5 + classes,
              Convention.END_TO_END: 6}.get(description.convention)
    if needed is None or signature.task == 'pose':
        return
    shape = next(iter(outputs.values())).shape
    sides = shape[1:] if description.convention is Convention.YOLO else shape[2:]
    is_segment = signature.task == 'segment' and not signature.mask_channels
    if not is_segment and not {needed, needed + signature.mask_channels} & {*sides}:
        gives = f'it gives {"x".join(map(str, shape))}, which has no side of {needed}'
        if description.convention is Convention.END_TO_END:
            raise OutputsError(f'{gives} for box, score and class: write another convention into '
                               'a YAML beside it')
        raise OutputsError(
            f'{gives} for {classes} classes (from {description.names_from}): list the names of '
            'all its classes as `names` in a YAML beside it, or write another convention')


def check_units(boxes: np.ndarray, units: BoxUnits) -> None:
    """Raise OutputsError where the corners (n, 4) of all that is found fit only other units."""
    if not len(boxes):
        return
    reach = np.abs(boxes).max(axis=1)
    if units is BoxUnits.FRACTION and np.median(reach) > _FARTHEST_FRACTION:
        raise OutputsError(
            f'most of its boxes reach to {np.median(reach):g} and beyond, and fractions of the '
            'input end at 1: write `box_units: input` into a YAML beside it')
    if units is not BoxUnits.FRACTION and reach.max() <= _NEAREST_PIXEL:
        raise OutputsError(
            f'all its boxes end within {reach.max():g} pixels of the upper left corner: write '
            '`box_units: fraction` into a YAML beside it')
