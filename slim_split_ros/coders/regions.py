"""
Which rectangles of a picture are coded finer? The boxes of cells that the map marks, merged.

Each region costs an encoder time, so connected cells share one.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

# A region costs 0.015 ms, and the boxes of more than a few dozen objects overlap anyway.
MOST_REGIONS = 32


@dataclass(frozen=True, slots=True)
class Region:
    """Hold a rectangle in pixels of the coded picture, and the level of the map that marks it."""

    x: int
    y: int
    width: int
    height: int
    level: int


def find_regions(levels: np.ndarray, cell_width: float, cell_height: float,
                 width: int, height: int) -> list[Region]:
    """
    Return the boxes of connected cells of `levels`, int8 (h, w), highest level first.

    Where boxes overlap the first counts. Cells are `cell_width` x `cell_height` pixels of a coded
    picture of `width` x `height`; what lies beyond its border is cut off. Of more than
    MOST_REGIONS boxes at a level the smallest are left out.
    """
    regions: list[Region] = []
    for level in range(int(levels.max(initial=0)), 0, -1):
        marked = (levels >= level).astype(np.uint8)
        _, _, boxes, _ = cv2.connectedComponentsWithStats(marked, connectivity=4)
        # Row 0 is the background; a box is x, y, width, height, cells.
        boxes = sorted(boxes[1:].tolist(), key=lambda box: -box[4])[:MOST_REGIONS]
        for x, y, columns, rows, _ in boxes:
            left, top = int(x * cell_width), int(y * cell_height)
            right = min(width, int(np.ceil((x + columns) * cell_width)))
            bottom = min(height, int(np.ceil((y + rows) * cell_height)))
            if right > left and bottom > top:
                regions.append(Region(left, top, right - left, bottom - top, level))
    return regions
