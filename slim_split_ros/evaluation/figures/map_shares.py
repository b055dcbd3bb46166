"""Whether the map of each width marks the cells that hold objects, and how much else it marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slim_split_ros.onboard.letterbox import letterbox
from slim_split_ros.onboard.network import MapNetwork
from slim_split_ros.training.data.coco_folder import LabelledImage
from slim_split_ros.training.data.pictures import read_picture
from slim_split_ros.wire.geometry import FrameGeometry
from slim_split_ros.wire.manifest import Manifest


@dataclass(frozen=True, slots=True)
class MapShare:
    """Hold which share of all cells one width puts at a level or above, and of object cells."""

    width: float
    level: int
    marked: float
    found: float


def measure_maps(manifest: Manifest, images: Sequence[LabelledImage]) -> list[MapShare]:
    """
    Return each width's shares at each level above 0; none for a model without maps of their own.

    An object cell is one that a box reaches into; cells of the letterbox's border count nowhere.
    """
    if not manifest.video:
        return []
    networks = [MapNetwork(manifest.checked_file(entry.map), 1) for entry in manifest.widths]
    seen: list[list[NDArray[np.int8]]] = [[] for _ in networks]
    objects: list[NDArray[np.bool_]] = []
    for image in images:
        geometry = FrameGeometry.fit(
            image.width, image.height, manifest.input_long_side, manifest.input_multiple)
        canvas = letterbox(read_picture(image.path), geometry)
        cells = object_cells(image, geometry, manifest.latent_stride)
        objects.append(cells.ravel())
        for levels, network in zip(seen, networks, strict=True):
            levels.append(network.run(canvas)[:cells.shape[0], :cells.shape[1]].ravel())
    held = np.concatenate(objects)
    return [
        MapShare(entry.width, level, float((whole >= level).mean()),
                 float((whole[held] >= level).mean()) if held.any() else 0.0)
        for entry, whole in zip(manifest.widths, map(np.concatenate, seen), strict=True)
        for level in range(1, len(manifest.video[0].offsets) + 1)]


def object_cells(image: LabelledImage, geometry: FrameGeometry, stride: int
                 ) -> NDArray[np.bool_]:
    """Return which cells of the picture, bool (h, w), a box reaches into."""
    cells = np.zeros((-(-geometry.resized_height // stride), -(-geometry.resized_width // stride)),
                     bool)
    for x, y, w, h in image.boxes * geometry.scale / stride:
        cells[int(y):int(np.ceil(y + h)), int(x):int(np.ceil(x + w))] = True
    return cells
