"""Pictures and maps for the tests of coders: noise-free, so that they compress as halls do."""

from __future__ import annotations

import numpy as np

from slim_split_ros.wire.geometry import FrameGeometry


def draw_picture(width: int = 160, height: int = 120, shift: int = 0) -> np.ndarray:
    """Return uint8 (H, W, 3): a gradient, and a striped square that `shift` moves right."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    picture = np.stack([x % 256, y % 256, (x + y) // 2 % 256], axis=2).astype(np.uint8)
    left = width // 4 + shift
    stripes = np.where(x // 2 % 2, 230, 20).astype(np.uint8)[..., None]
    inside = (x >= left) & (x < left + width // 4) & (y >= height // 4) & (y < height // 2)
    return np.where(inside[..., None], stripes, picture)


def fit_geometry(picture: np.ndarray) -> FrameGeometry:
    """Return where a picture lies in the input of a model like the shipped one."""
    return FrameGeometry.fit(picture.shape[1], picture.shape[0], long_side=416, multiple=32)


def mark_cells(geometry: FrameGeometry, rows: slice, columns: slice, level: int) -> np.ndarray:
    """Return a map, int8 (h, w), of 16-pixel cells, some of which are at a level."""
    levels = np.zeros((geometry.input_height // 16, geometry.input_width // 16), np.int8)
    levels[rows, columns] = level
    return levels
