"""
Which boxes are visible? Measures areas and boxes of identities in a picture.

Boxes are COCO's: x, y, width, height in pixels, half open.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Patch:
    """Keep the pixels that one object covers: their number and their box."""

    area: int
    x: int
    y: int
    width: int
    height: int


def measure_patches(identities: NDArray[np.uint8]) -> dict[int, Patch]:
    """Return a patch for each identity in a picture (H, W); 0 is background."""
    flat = np.flatnonzero(identities)
    values = identities.ravel()[flat]
    order = np.argsort(values, kind='stable')
    flat, values = flat[order], values[order]
    if len(flat) == 0:
        return {}
    begins = np.flatnonzero(np.diff(values, prepend=0))
    areas = np.diff(begins, append=len(values))
    rows, columns = np.divmod(flat, identities.shape[1])
    left, right = (f.reduceat(columns, begins) for f in (np.minimum, np.maximum))
    top, bottom = (f.reduceat(rows, begins) for f in (np.minimum, np.maximum))
    return {
        int(values[begin]): Patch(int(areas[k]), int(left[k]), int(top[k]),
                                  int(right[k] - left[k] + 1), int(bottom[k] - top[k] + 1))
        for k, begin in enumerate(begins)
    }


def separate_groups(
    directions: NDArray[np.float64], angles: NDArray[np.float64]
) -> list[list[int]]:
    """
    Part objects into groups whose members cannot cover each other.

    `directions` are unit vectors (n, 3) from the eye, `angles` the half angles (n,) that contain
    each object. So a few pictures tell what all of them would cover alone.
    """
    apart = np.arccos(np.clip(directions @ directions.T, -1, 1)) > angles[:, None] + angles
    groups: list[list[int]] = []
    for k in range(len(angles)):
        for group in groups:
            if apart[k, group].all():
                group.append(k)
                break
        else:
            groups.append([k])
    return groups
