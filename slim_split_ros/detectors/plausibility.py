"""Could boxes be measured as they were read? Other units give themselves away by their numbers."""

from __future__ import annotations

import numpy as np

from slim_split_ros.detectors.description import BoxUnits
from slim_split_ros.detectors.errors import OutputsError

# Of the input's sides: a thing at its edge may reach beyond it, not this far.
_FARTHEST_FRACTION = 4.0
# Of fractions of the input, what is at its edge; of pixels, things that nobody could see.
_NEAREST_PIXEL = 1.5


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
