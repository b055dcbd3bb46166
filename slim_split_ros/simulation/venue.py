"""
What surrounds the field? Walls, ceiling, lamps, boards, stands with spectators, clutter.

Nothing here carries a label. All of it is drawn with the lamps' light already in its colours.
"""

from dataclasses import dataclass

import numpy as np
from panda3d.core import NodePath, Texture, TransparencyAttrib

from .engine import ALONE, VISIBLE
from .field import Field
from .lights import Lamps
from .meshes import Mesh
from .people import build_person
from .textures import crowd_texture, make_texture, poster_texture, wall_texture

_STANDS_ORDER = 5
_SOLID_ORDER = 10


@dataclass(frozen=True, slots=True)
class Venue:
    """Keep the measures of a hall in metres and how bright its walls are."""

    half_length: float
    half_width: float
    height: float
    brightness: float


def random_venue(rng: np.random.Generator, field: Field) -> Venue:
    """Draw a hall: from a narrow training hall to a dark arena."""
    is_arena = rng.random() < 0.4
    room = rng.uniform(4.0, 16.0, 2) if is_arena else rng.uniform(0.4, 4.0, 2)
    return Venue(
        half_length=field.half_length + field.margin + float(room[0]),
        half_width=field.half_width + field.margin + float(room[1]),
        height=float(rng.uniform(7, 13) if is_arena else rng.uniform(4.5, 8)),
        brightness=float(rng.choice([0.1, 0.35, 0.6, 0.85]) * rng.uniform(0.7, 1.2)),
    )


def build_venue(
    parent: NodePath, rng: np.random.Generator, venue: Venue, field: Field, lamps: Lamps
) -> None:
    """Build everything around the field."""
    _build_walls(parent, rng, venue, lamps)
    _build_ceiling(parent, rng, venue, lamps)
    _build_boards(parent, rng, field, lamps)
    _build_clutter(parent, rng, venue, field, lamps)
    _build_banners(parent, rng, venue, lamps)
    if venue.half_width - field.half_width - field.margin > 2.5:
        _build_stands(parent, rng, venue, field)


def _attach_lit(mesh: Mesh, parent: NodePath, lamps: Lamps, texture: Texture | None = None,
                order: int = _SOLID_ORDER) -> NodePath:
    mesh.shade(np.clip(lamps.light_at(mesh.points), 0.0, 1.6))
    node = mesh.attach_to(parent, 'venue', texture)
    node.set_light_off()
    node.set_bin('fixed', order)
    return node


def _sides(x: float, y: float) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Return start and run of the four sides of a rectangle, each seen from inside."""
    return (
        (np.array([-x, y, 0.0]), np.array([2 * x, 0.0, 0.0])),
        (np.array([x, y, 0.0]), np.array([0.0, -2 * y, 0.0])),
        (np.array([x, -y, 0.0]), np.array([-2 * x, 0.0, 0.0])),
        (np.array([-x, -y, 0.0]), np.array([0.0, 2 * y, 0.0])),
    )


def _inward(run: np.ndarray) -> np.ndarray:
    return np.array([run[1], -run[0], 0.0]) / np.linalg.norm(run)


def _build_walls(parent: NodePath, rng: np.random.Generator, venue: Venue, lamps: Lamps) -> None:
    textures = [make_texture(wall_texture(rng)) for _ in range(3)]
    tint = 1 - rng.uniform(0, 0.35, 3) * rng.random()
    base = rng.uniform(0.8, 3.0)
    for start, run in _sides(venue.half_length, venue.half_width):
        tone = venue.brightness * tint * rng.uniform(0.7, 1.1)
        length = float(np.linalg.norm(run))
        wall = Mesh()
        wall.add_panel(start, run, (0, 0, venue.height), tone, (length / 3, 2), (24, 8))
        _attach_lit(wall, parent, lamps, textures[int(rng.integers(3))])
        if rng.random() < 0.5:
            plinth = Mesh()
            place = start + _inward(run) * 0.05
            plinth.add_panel(place, run, (0, 0, base),
                             np.full(3, rng.uniform(0.05, 0.9)) * tint, (1, 1), (16, 2))
            _attach_lit(plinth, parent, lamps)


def _build_ceiling(parent: NodePath, rng: np.random.Generator, venue: Venue,
                   lamps: Lamps) -> None:
    x, y, height = venue.half_length, venue.half_width, venue.height
    tone = np.full(3, rng.uniform(0.02, 0.3)) * venue.brightness * 2
    roof = Mesh()
    roof.add_panel((-x, y, height), (2 * x, 0, 0), (0, -2 * y, 0), tone, (x, y), (12, 12))
    roof_node = roof.attach_to(parent, 'roof', make_texture(wall_texture(rng)))
    roof_node.set_light_off()
    roof_node.set_bin('fixed', _SOLID_ORDER)
    beams = Mesh()
    beam_tone = tone * rng.uniform(0.3, 2.5)
    for along in np.linspace(-x, x, int(rng.integers(3, 9))):
        beams.add_box((along, 0, height - 0.3), (0.2, 2 * y, 0.4), beam_tone)
    for across in np.linspace(-y, y, int(rng.integers(2, 6))):
        beams.add_box((0, across, height - 0.7), (2 * x, 0.12, 0.15), beam_tone * 1.3)
    if rng.random() < 0.5:
        pipe = height - rng.uniform(0.6, 1.5)
        side = y * rng.choice([-0.8, 0.8])
        beams.add_frustum((-x, side, pipe), (x, side, pipe), 0.3, 0.3, np.full(3, 0.35), 8)
    node = beams.attach_to(parent, 'beams')
    node.set_light_off()
    node.set_bin('fixed', _SOLID_ORDER)
    glow = Mesh()
    tint = np.array([1.0, 1.0, 1.0]) - rng.uniform(0, 0.08, 3)
    for lamp in lamps.positions:
        size = (1.3, 0.28, 0.08) if lamps.is_strip else (0.45, 0.45, 0.25)
        glow.add_box(lamp - (0, 0, 0.1), size, tint, float(rng.choice([0, 90])))
    node = glow.attach_to(parent, 'lamps')
    node.set_light_off()
    node.set_bin('fixed', _SOLID_ORDER)


def _build_boards(parent: NodePath, rng: np.random.Generator, field: Field,
                  lamps: Lamps) -> None:
    kind = rng.choice(4, p=[0.2, 0.3, 0.3, 0.2])
    if kind == 0:
        return
    height = (0.0, rng.uniform(0.08, 0.2), rng.uniform(0.4, 0.9), rng.uniform(0.4, 0.9))[kind]
    tone = np.full(3, rng.uniform(0.02, 0.08) if kind == 1 or rng.random() < 0.4
                   else rng.uniform(0.4, 0.9))
    texture = make_texture(poster_texture(rng, 512, 64)) if kind == 3 else None
    x, y = field.half_length + field.margin, field.half_width + field.margin
    for start, run in _sides(x, y):
        if rng.random() < 0.12:
            continue
        mesh = Mesh()
        length = float(np.linalg.norm(run))
        place = start - _inward(run) * 0.1
        repeats = (length / 6, 1.0)
        mesh.add_panel(place, run, (0, 0, height), tone if texture is None else np.full(3, 0.9),
                       repeats, (20, 1))
        mesh.add_panel(place + run, -run, (0, 0, height), tone * 0.5, repeats, (20, 1))
        _attach_lit(mesh, parent, lamps, texture)


def _build_banners(parent: NodePath, rng: np.random.Generator, venue: Venue,
                   lamps: Lamps) -> None:
    sides = _sides(venue.half_length, venue.half_width)
    for _ in range(int(rng.integers(2, 16))):
        start, run = sides[int(rng.integers(4))]
        upright = rng.random() < 0.4
        width, height = rng.uniform(0.7, 1.4), rng.uniform(1.5, 3.0)
        if not upright:
            width, height = height * rng.uniform(1, 2), width
        mesh = Mesh()
        direction = run / np.linalg.norm(run)
        at = start + run * rng.uniform(0.05, 0.85) + _inward(run) * 0.15
        at = at + (0, 0, rng.uniform(0.2, max(0.3, min(3.0, venue.height - height - 0.5))))
        mesh.add_panel(at, direction * width, (0, 0, height),
                       np.full(3, rng.uniform(0.35, 0.95) * max(venue.brightness, 0.4)))
        size = (128, 256) if upright else (256, 128)
        _attach_lit(mesh, parent, lamps, make_texture(poster_texture(rng, *size), repeats=False))


def _build_clutter(parent: NodePath, rng: np.random.Generator, venue: Venue, field: Field,
                   lamps: Lamps) -> None:
    """Put tables, crates, chairs, cabinets, poles and pipes between boards and walls."""
    mesh = Mesh()
    sides = _sides(field.half_length + field.margin + 0.3, field.half_width + field.margin + 0.3)
    room = min(venue.half_length - field.half_length, venue.half_width - field.half_width)
    depth = max(0.1, room - field.margin - 0.6)
    for _ in range(int(rng.integers(10, 90))):
        start, run = sides[int(rng.integers(4))]
        at = start + run * rng.uniform(0, 1) - _inward(run) * rng.uniform(0.1, 1) * depth
        tone = rng.uniform(0.02, 0.7, 3) ** 1.5 if rng.random() < 0.4 \
            else np.full(3, rng.uniform(0.02, 0.8) ** 1.5)
        kind, turn = rng.integers(0, 4), float(rng.choice([0, 90, rng.uniform(0, 90)]))
        if kind == 0:
            mesh.add_box((at[0], at[1], 0.72), (1.4, 0.7, 0.04), tone, turn)
            for leg in (-0.6, 0.6):
                mesh.add_box((at[0] + leg, at[1], 0.36), (0.05, 0.05, 0.72), (0.1, 0.1, 0.1))
            for _ in range(3):
                mesh.add_box((at[0] + rng.uniform(-0.5, 0.5), at[1], 0.85),
                             rng.uniform(0.1, 0.4, 3), rng.uniform(0.02, 0.5, 3))
        elif kind == 1:
            size = rng.uniform((0.3, 0.3, 0.3), (1.2, 0.8, 1.8))
            mesh.add_box((at[0], at[1], size[2] / 2), size, tone, turn)
        elif kind == 2:
            mesh.add_box((at[0], at[1], 0.45), (0.42, 0.42, 0.05), tone, turn)
            mesh.add_box((at[0], at[1] + 0.2, 0.7), (0.42, 0.04, 0.45), tone)
            mesh.add_box((at[0], at[1], 0.22), (0.06, 0.06, 0.44), (0.1, 0.1, 0.1))
        else:
            high = rng.uniform(1.5, min(5.0, venue.height))
            mesh.add_frustum((at[0], at[1], 0), (at[0], at[1], high), 0.05, 0.04, tone, 6)
            if rng.random() < 0.4:
                mesh.add_box((at[0], at[1], high), (0.9, 0.08, 0.55), tone * 0.5, turn)
    _attach_lit(mesh, parent, lamps)


def _build_stands(parent: NodePath, rng: np.random.Generator, venue: Venue, field: Field) -> None:
    """Put rising rows of painted spectators, and some solid seated ones, behind the boards."""
    texture = make_texture(crowd_texture(rng))
    sides = _sides(field.half_length + field.margin + 1.2, field.half_width + field.margin + 1.2)
    dim = rng.uniform(0.25, 0.9)
    for start, run in sides:
        if rng.random() < 0.35:
            continue
        mesh = Mesh()
        length = float(np.linalg.norm(run))
        rise = rng.uniform(1.2, 2.6)
        back = -_inward(run) * rng.uniform(0.4, 1.2)
        mesh.add_panel(start + (0, 0, 0.1), run, (*(back[:2]), rise), np.full(3, dim),
                       (length / 5.5, 1.0), (10, 1))
        node = mesh.attach_to(parent, 'stands', texture)
        node.set_light_off()
        node.set_transparency(TransparencyAttrib.M_alpha)
        node.set_bin('fixed', _STANDS_ORDER + _SOLID_ORDER)
        node.hide(VISIBLE | ALONE)
        for _ in range(int(rng.integers(0, 7))):
            at = start + run * rng.uniform(0, 1) + _inward(run) * rng.uniform(0.2, 0.6)
            spectator = build_person(parent, rng, seated=True).node
            spectator.set_x(float(at[0]))
            spectator.set_y(float(at[1]))
            spectator.set_h(float(np.degrees(np.arctan2(-run[1], -run[0]))))
            spectator.set_color_scale(dim, dim, dim, 1)
            spectator.set_bin('fixed', _STANDS_ORDER + _SOLID_ORDER + 1)
            spectator.hide(ALONE)
