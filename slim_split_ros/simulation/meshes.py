"""
How are solid shapes made? Collects boxes, tapered limbs, balls and panels into one mesh.

Colours are stored per corner; a mesh is drawn as one piece, which keeps the renderer fast and the
order of drawing (and so every pixel) the same on every run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from panda3d.core import (
    Geom,
    GeomNode,
    GeomTriangles,
    GeomVertexData,
    GeomVertexFormat,
    NodePath,
    Texture,
)

Colour = Sequence[float]
Point = Sequence[float]

_CORNER = np.dtype([
    ('position', '<f4', 3), ('normal', '<f4', 3), ('colour', 'u1', 4), ('texture', '<f4', 2),
])
# Columns of a corner while a mesh is being collected.
_POSITION, _NORMAL, _COLOUR, _TEXTURE = slice(0, 3), slice(3, 6), slice(6, 9), slice(9, 11)

_QUAD = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], float)
_QUAD_TEXTURE = (_QUAD + 1) / 2
_QUAD_TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]])


def _unit_box() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the corners (24, 3) at -1 and 1 and the normals (24, 3) of a box's six faces."""
    corners, normals = [], []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            normal = np.eye(3)[axis] * sign
            across = np.eye(3)[(axis + 1) % 3] * sign
            up = np.cross(normal, across)
            corners.append(normal + _QUAD[:, :1] * across + _QUAD[:, 1:] * up)
            normals.append(np.tile(normal, (4, 1)))
    return np.concatenate(corners), np.concatenate(normals)


_BOX_CORNERS, _BOX_NORMALS = _unit_box()
_BOX_TEXTURE = np.tile(_QUAD_TEXTURE, (6, 1))


def _quad_triangles(count: int) -> NDArray[np.int64]:
    begins = np.arange(count)[:, None, None] * 4
    return (begins + _QUAD_TRIANGLES).reshape(-1, 3)


_BOX_TRIANGLES = _quad_triangles(6)


@dataclass(frozen=True, slots=True)
class _UnitFrustum:
    """Keep a closed tube along z: corners on a ring of radius 1 (0 in the caps' middles)."""

    ring: NDArray[np.float64]
    level: NDArray[np.float64]
    normals: NDArray[np.float64]
    texture: NDArray[np.float64]
    triangles: NDArray[np.int64]


@lru_cache(maxsize=256)
def _unit_frustum(sides: int, turn_deg: float) -> _UnitFrustum:
    k = np.arange(sides)
    ends = np.stack([k, k + 1, k + 1, k], 1).ravel()
    middles = np.repeat(k + 0.5, 4)
    step = 2 * np.pi / sides
    turn = np.radians(turn_deg)
    around = _directions(np.concatenate([ends, k, k]) * step + turn)
    outward = np.hstack([_directions(middles * step + turn), np.zeros((4 * sides, 1))])
    cap = np.tile([0.0, 0.0, 1.0], (sides + 1, 1))
    tube = np.tile(_QUAD_TEXTURE, (sides, 1))
    tube[:, 0] = (tube[:, 0] + np.repeat(k, 4)) / sides
    low, high = 4 * sides, 5 * sides + 1
    follower = (k + 1) % sides
    return _UnitFrustum(
        ring=np.concatenate([
            around[:4 * sides], [[0, 0]], around[4 * sides:5 * sides], [[0, 0]],
            around[5 * sides:],
        ]),
        level=np.concatenate([
            np.tile([0.0, 0, 1, 1], sides), np.zeros(sides + 1), np.ones(sides + 1)
        ]),
        normals=np.concatenate([outward, -cap, cap]),
        texture=np.concatenate([tube, np.full((2 * sides + 2, 2), 0.5)]),
        triangles=np.concatenate([
            _quad_triangles(sides),
            np.stack([np.full(sides, low), low + 1 + follower, low + 1 + k], 1),
            np.stack([np.full(sides, high), high + 1 + k, high + 1 + follower], 1),
        ]),
    )


class Mesh:
    """Collect shapes in metres, z up; colours are red, green, blue from 0 to 1."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.float32]] = []
        self._triangles: list[NDArray[np.int64]] = []
        self._count = 0

    def add_box(
        self, centre: Point, size: Point, colour: Colour, turn_deg: float = 0.0
    ) -> None:
        """Add a box, turned about the vertical through its centre."""
        turn = _turn(turn_deg)
        points = (_BOX_CORNERS * (np.asarray(size, float) / 2)) @ turn.T + centre
        self._append(points, _BOX_NORMALS @ turn.T, colour, _BOX_TEXTURE, _BOX_TRIANGLES)

    def add_frustum(
        self, start: Point, end: Point, start_radius: float, end_radius: float, colour: Colour,
        sides: int = 8, turn_deg: float = 0.0
    ) -> None:
        """Add a closed tapered limb between two points; four sides make a tapered tower."""
        start, end = np.asarray(start, float), np.asarray(end, float)
        along = end - start
        length = max(float(np.sqrt(along @ along)), 1e-6)
        axis = along / length
        side = _cross(axis, (1.0, 0.0, 0.0) if abs(axis[2]) > 0.7 else (0.0, 0.0, 1.0))
        side = side / np.sqrt(side @ side)
        frame = np.stack([side, _cross(axis, side), axis])
        shape = _unit_frustum(sides, turn_deg)
        radii = start_radius + (end_radius - start_radius) * shape.level
        local = np.empty((len(radii), 3))
        local[:, :2] = shape.ring * radii[:, None]
        local[:, 2] = length * shape.level
        normals = shape.normals.copy()
        slope = (start_radius - end_radius) / length
        normals[:4 * sides, 2] = slope
        normals[:4 * sides] /= np.sqrt(1 + slope * slope)
        self._append(start + local @ frame, normals @ frame, colour, shape.texture,
                     shape.triangles)

    def add_ball(
        self, centre: Point, radii: Point, colour: Colour, rings: int = 7, sides: int = 10
    ) -> None:
        """Add an ellipsoid with smooth shading and a texture wrapped once around."""
        polar = np.linspace(-np.pi / 2, np.pi / 2, rings + 1)
        around = np.linspace(0, 2 * np.pi, sides + 1)
        polar, around = np.meshgrid(polar, around, indexing='ij')
        unit = np.stack(
            [np.cos(polar) * np.cos(around), np.cos(polar) * np.sin(around), np.sin(polar)], -1
        )
        texture = np.stack([around / (2 * np.pi), polar / np.pi + 0.5], -1)
        self.add_grid(unit * np.asarray(radii) + centre, unit, colour, texture)

    def add_panel(
        self, corner: Point, across: Point, up: Point, colour: Colour,
        repeats: tuple[float, float] = (1.0, 1.0), cells: tuple[int, int] = (1, 1)
    ) -> None:
        """Add a flat panel seen from the side that `across` x `up` points to."""
        corner, across, up = (np.asarray(v, float) for v in (corner, across, up))
        u, v = np.meshgrid(
            np.linspace(0, 1, cells[0] + 1), np.linspace(0, 1, cells[1] + 1), indexing='xy'
        )
        points = corner + u[..., None] * across + v[..., None] * up
        normal = _cross(across, up)
        normal = normal / np.linalg.norm(normal)
        texture = np.stack([u * repeats[0], v * repeats[1]], -1)
        self.add_grid(points, np.broadcast_to(normal, points.shape), colour, texture)

    def add_grid(
        self, points: NDArray[np.float64], normals: NDArray[np.float64], colour: ArrayLike,
        texture: NDArray[np.float64]
    ) -> None:
        """Add a grid (R, C, 3) of corners; columns run counter-clockwise under the rows."""
        rows, columns = points.shape[:2]
        index = np.arange(rows * columns).reshape(rows, columns)
        a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
        triangles = np.stack([a, b, c, a, c, d], -1).reshape(-1, 3)
        self._append(points.reshape(-1, 3), normals.reshape(-1, 3), colour,
                     texture.reshape(-1, 2), triangles)

    def shade(self, factor: ArrayLike) -> None:
        """Multiply the colours of every corner so far by a factor (n,) or a scalar."""
        if self._parts:
            whole = np.concatenate(self._parts)
            whole[:, _COLOUR] *= np.asarray(factor, np.float32).reshape(-1, 1)
            self._parts = [whole]

    @property
    def points(self) -> NDArray[np.float64]:
        """Return every corner so far, float64 (n, 3)."""
        return np.concatenate(self._parts)[:, _POSITION].astype(float)

    def attach_to(
        self, parent: NodePath, name: str, texture: Texture | None = None
    ) -> NodePath:
        """Make the mesh a node under a parent and return it."""
        data = GeomVertexData(name, GeomVertexFormat.get_v3n3c4t2(), Geom.UH_static)
        data.unclean_set_num_rows(self._count)
        memoryview(data.modify_array(0)).cast('B')[:] = self._pack_corners()
        primitive = GeomTriangles(Geom.UH_static)
        primitive.set_index_type(Geom.NT_uint32)
        indices = np.concatenate(self._triangles).astype(np.uint32)
        array = primitive.modify_vertices()
        array.unclean_set_num_rows(indices.size)
        memoryview(array).cast('B')[:] = indices.tobytes()
        geometry = Geom(data)
        geometry.add_primitive(primitive)
        node = GeomNode(name)
        node.add_geom(geometry)
        path = parent.attach_new_node(node)
        if texture is not None:
            path.set_texture(texture)
        return path

    def _append(
        self, points: NDArray[np.float64], normals: NDArray[np.float64], colour: ArrayLike,
        texture: NDArray[np.float64], triangles: NDArray[np.int64]
    ) -> None:
        part = np.empty((len(points), 11), np.float32)
        part[:, _POSITION], part[:, _NORMAL] = points, normals
        part[:, _COLOUR], part[:, _TEXTURE] = colour, texture
        self._parts.append(part)
        self._triangles.append(triangles + self._count)
        self._count += len(points)

    def _pack_corners(self) -> bytes:
        whole = np.concatenate(self._parts)
        corners = np.empty(len(whole), _CORNER)
        corners['position'], corners['normal'] = whole[:, _POSITION], whole[:, _NORMAL]
        corners['texture'] = whole[:, _TEXTURE]
        corners['colour'][:, :3] = np.clip(whole[:, _COLOUR] * 255, 0, 255)
        corners['colour'][:, 3] = 255
        return corners.tobytes()


def _directions(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def _cross(one: Point, other: Point) -> NDArray[np.float64]:
    """Return the cross product; numpy's takes 20 times as long for single vectors."""
    return np.array([
        one[1] * other[2] - one[2] * other[1],
        one[2] * other[0] - one[0] * other[2],
        one[0] * other[1] - one[1] * other[0],
    ])


def _turn(turn_deg: float) -> NDArray[np.float64]:
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
