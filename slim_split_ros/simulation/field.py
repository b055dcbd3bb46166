"""
What lies on the ground? The carpet with its lines, the floor around it, shadows on it.

Everything here is drawn first and in a fixed order without depth, so that lines and shadows lie on
the carpet without flicker.
"""

from dataclasses import dataclass

import numpy as np
from panda3d.core import NodePath, Texture, TransparencyAttrib

from .engine import ALONE, VISIBLE
from .lights import Lamps
from .meshes import Mesh
from .textures import carpet_texture, grey_texture, make_texture, shadow_texture

_FLOOR_ORDER, _CARPET_ORDER, _LINES_ORDER, _SHADOW_ORDER = range(4)


@dataclass(frozen=True, slots=True)
class Field:
    """Keep the measures of a field in metres: half sides, free strip around, line width."""

    half_length: float
    half_width: float
    margin: float
    line: float


def random_field(rng: np.random.Generator) -> Field:
    """Draw a field: the league's 22 m x 14 m, or the 18 m x 12 m of older and training halls."""
    is_full = rng.random() < 0.45
    return Field(
        half_length=11.0 if is_full else float(rng.uniform(7.0, 9.0)),
        half_width=7.0 if is_full else float(rng.uniform(4.5, 6.0)),
        margin=float(rng.uniform(0.9, 2.5)),
        line=float(rng.uniform(0.10, 0.14)),
    )


def build_ground(
    parent: NodePath, rng: np.random.Generator, field: Field, lamps: Lamps,
    hall_half: tuple[float, float]
) -> None:
    """Build floor, carpet and lines."""
    floor = Mesh()
    x, y = hall_half
    floor.add_panel((-x, -y, 0), (2 * x, 0, 0), (0, 2 * y, 0),
                    np.array([0.5, 0.48, 0.45]) * rng.uniform(0.25, 1.0, 1), (x, y), (16, 14))
    _draw_flat(floor, parent, lamps, make_texture(grey_texture(rng, 256, 0.06)), _FLOOR_ORDER)
    carpet = Mesh()
    x, y = field.half_length + field.margin, field.half_width + field.margin
    tile = rng.uniform(3, 7)
    carpet.add_panel((-x, -y, 0), (2 * x, 0, 0), (0, 2 * y, 0), _random_green(rng),
                     (2 * x / tile, 2 * y / tile), (36, 26))
    _draw_flat(carpet, parent, lamps, make_texture(carpet_texture(rng)), _CARPET_ORDER)
    lines = Mesh()
    _add_lines(lines, field, rng)
    _draw_flat(lines, parent, lamps, make_texture(grey_texture(rng, 128, 0.05)), _LINES_ORDER)


def build_shadow(parent: NodePath, texture: Texture, radius: float, darkness: float) -> NodePath:
    """Build a soft shadow that lies on the ground around the origin."""
    mesh = Mesh()
    mesh.add_panel((-radius, -radius, 0), (2 * radius, 0, 0), (0, 2 * radius, 0), (0, 0, 0))
    node = mesh.attach_to(parent, 'shadow', texture)
    node.set_alpha_scale(darkness)
    node.set_transparency(TransparencyAttrib.M_alpha)
    node.set_light_off()
    _draw_on_ground(node, _SHADOW_ORDER)
    return node


def make_shadow_texture() -> Texture:
    """Make the picture that every shadow shares."""
    return make_texture(shadow_texture(), repeats=False)


def _random_green(rng: np.random.Generator) -> np.ndarray:
    greens = ((0.15, 0.42, 0.28), (0.14, 0.42, 0.20), (0.20, 0.42, 0.19), (0.10, 0.42, 0.30))
    green = np.array(greens[int(rng.integers(len(greens)))])
    return green * rng.uniform(0.75, 1.35) * rng.uniform(0.85, 1.15, 3)


def _draw_flat(
    mesh: Mesh, parent: NodePath, lamps: Lamps, texture: Texture, order: int
) -> None:
    mesh.shade(lamps.light_at(mesh.points))
    _draw_on_ground(mesh.attach_to(parent, 'ground', texture), order)


def _draw_on_ground(node: NodePath, order: int) -> None:
    node.set_light_off()
    node.set_bin('fixed', order)
    node.set_depth_test(False)
    node.set_depth_write(False)
    node.hide(VISIBLE | ALONE)


def _add_lines(mesh: Mesh, field: Field, rng: np.random.Generator) -> None:
    white = np.full(3, rng.uniform(0.62, 0.95))
    x, y = field.half_length, field.half_width
    _add_rectangle(mesh, -x, x, y, field.line, white)
    _add_line(mesh, (0, -y), (0, y), field.line, white)
    _add_arc(mesh, (0, 0), 2.0 * y / 7, 0, 360, field.line, white)
    _add_arc(mesh, (0, 0), 0.1, 0, 360, 0.1, white)
    for side in (-1, 1):
        for depth, half in ((0.75, 1.95), (2.25, 3.45)):
            depth, half = depth * x / 11, half * y / 7
            inner = side * (x - depth)
            _add_line(mesh, (inner, -half), (inner, half), field.line, white)
            for end in (-half, half):
                _add_line(mesh, (side * x, end), (inner, end), field.line, white)
        for end in (-1, 1):
            begin = {(-1, -1): 0, (1, -1): 90, (1, 1): 180, (-1, 1): 270}[(side, end)]
            _add_arc(mesh, (side * x, end * y), 0.75, begin, begin + 90, field.line, white)


def _add_rectangle(mesh: Mesh, low: float, high: float, half: float, width: float,
                   colour: np.ndarray) -> None:
    for end in (-half, half):
        _add_line(mesh, (low, end), (high, end), width, colour)
    for side in (low, high):
        _add_line(mesh, (side, -half), (side, half), width, colour)


def _add_line(mesh: Mesh, start: tuple[float, float], end: tuple[float, float], width: float,
              colour: np.ndarray) -> None:
    begin, along = np.array([*start, 0.0]), np.array([end[0] - start[0], end[1] - start[1], 0.0])
    length = float(np.linalg.norm(along))
    along /= length
    across = np.array([-along[1], along[0], 0.0]) * width
    begin = begin - across / 2 - along * width / 2
    mesh.add_panel(begin, along * (length + width), across, colour, (length, 0.2),
                   (max(2, round(length)), 1))


def _add_arc(mesh: Mesh, centre: tuple[float, float], radius: float, begin_deg: float,
             end_deg: float, width: float, colour: np.ndarray) -> None:
    angles = np.radians(np.linspace(begin_deg, end_deg, 4 + int((end_deg - begin_deg) / 7)))
    ring = np.stack([np.cos(angles), np.sin(angles), np.zeros_like(angles)], -1)
    radii = np.array([radius - width / 2, radius + width / 2])[:, None, None]
    points = ring[None, ::-1] * radii + (*centre, 0.0)
    texture = np.stack(np.meshgrid(angles, [0, 0.2]), -1)
    mesh.add_grid(points, np.broadcast_to((0, 0, 1.0), points.shape), colour, texture)
