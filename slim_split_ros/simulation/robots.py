"""
What do the robots look like? Builds the shapes that the league's rivals have.

Dark towers on wide bases, open frames, drums with electronics, team shirts, and the plain boxes
that stand in for robots in training. Origin on the floor, front along +y.
"""

import numpy as np
from panda3d.core import NodePath

from .meshes import Colour, Mesh
from .textures import make_texture, number_texture

_TEAM_COLOURS = ((0.10, 0.35, 0.75), (0.20, 0.70, 0.85), (0.85, 0.15, 0.45), (0.85, 0.35, 0.55),
                 (0.90, 0.45, 0.08), (0.75, 0.10, 0.10), (0.85, 0.80, 0.15), (0.85, 0.85, 0.85))
_CABLES = ((0.7, 0.1, 0.1), (0.1, 0.2, 0.7), (0.7, 0.6, 0.1), (0.6, 0.6, 0.62), (0.1, 0.5, 0.2))


def random_team_colour(rng: np.random.Generator) -> Colour:
    """Draw the colour of a team's marks."""
    return _TEAM_COLOURS[int(rng.integers(len(_TEAM_COLOURS)))]


def build_robot(parent: NodePath, rng: np.random.Generator, kind: int, team: Colour) -> NodePath:
    """Build a robot of one of six kinds (0 to 5) in its team's colours and return its node."""
    mesh = Mesh()
    (_add_cone, _add_cone, _add_frame, _add_drum, _add_stack, _add_box)[kind](mesh, rng, team)
    lowest = np.clip(mesh.points[:, 2] / 0.35, 0.0, 1.0)
    mesh.shade(0.65 + 0.35 * lowest)
    node = mesh.attach_to(parent, 'robot')
    if kind < 5 and rng.random() < 0.75:
        _add_numbers(node, rng, team)
    return node


def _dark(rng: np.random.Generator) -> Colour:
    level = rng.choice([0.025, 0.06, 0.11, 0.2], p=[0.25, 0.35, 0.28, 0.12])
    return tuple(level * rng.uniform(0.8, 1.2, 3))


def _add_base(mesh: Mesh, rng: np.random.Generator, radius: float, height: float) -> None:
    sides = int(rng.choice([6, 8, 16, 3]))
    widen = 1.15 if sides == 3 else 1.0
    mesh.add_frustum((0, 0, 0.03), (0, 0, height), radius * widen,
                     radius * widen * rng.uniform(0.75, 1.0), _dark(rng), sides,
                     float(rng.uniform(0, 90)))
    for angle in np.arange(3) * 2.1 + rng.uniform(0, 2):
        x, y = np.cos(angle) * radius * 0.85, np.sin(angle) * radius * 0.85
        mesh.add_box((x, y, 0.05), (0.1, 0.06, 0.1), (0.03, 0.03, 0.03), float(np.degrees(angle)))
    if rng.random() < 0.4:
        mesh.add_frustum((0, 0, height), (0, 0, height + 0.012), radius * 0.95, radius * 0.95,
                         (0.35, 0.36, 0.38), 8)
    for side in (-1, 1):  # the arms that hold the ball
        mesh.add_box((side * 0.09, radius, 0.16), (0.05, 0.14, 0.06), _dark(rng))


def _add_clutter(
    mesh: Mesh, rng: np.random.Generator, count: int, radius: float, low: float, high: float
) -> None:
    for _ in range(count):
        angle, height = rng.uniform(0, 2 * np.pi), rng.uniform(low, high)
        reach = radius * rng.uniform(0.5, 1.0) * (1 - 0.4 * (height - low) / max(high - low, 0.1))
        colour = _CABLES[int(rng.integers(len(_CABLES)))] if rng.random() < 0.22 else _dark(rng)
        mesh.add_box((np.cos(angle) * reach, np.sin(angle) * reach, height),
                     rng.uniform(0.02, 0.14, 3), colour, float(rng.uniform(0, 90)))


def _add_head(mesh: Mesh, rng: np.random.Generator, height: float) -> None:
    """Add the catadioptric or forward camera on top."""
    if rng.random() < 0.5:
        mesh.add_frustum((0, 0, height), (0, 0, height + 0.05), 0.05, 0.07, _dark(rng))
        for angle in np.arange(3) * 2.09:
            x, y = np.cos(angle) * 0.06, np.sin(angle) * 0.06
            mesh.add_box((x, y, height + 0.09), (0.01, 0.01, 0.12), (0.2, 0.2, 0.22))
        mesh.add_frustum((0, 0, height + 0.14), (0, 0, height + 0.17), 0.03, 0.08, _dark(rng))
    else:
        mesh.add_frustum((0, 0, height), (0, 0, height + rng.uniform(0.05, 0.12)), 0.07, 0.06,
                         _dark(rng))


def _add_cone(mesh: Mesh, rng: np.random.Generator, team: Colour) -> None:
    base, top = rng.uniform(0.16, 0.26), rng.uniform(0.58, 0.68)
    _add_base(mesh, rng, rng.uniform(0.24, 0.29), base)
    wears_shirt = rng.random() < 0.35
    colour = np.array(team) * 0.85 if wears_shirt else _dark(rng)
    mesh.add_frustum((0, 0, base), (0, 0, top), rng.uniform(0.2, 0.27), rng.uniform(0.07, 0.12),
                     colour, int(rng.choice([4, 6, 8, 12])), 45)
    if not wears_shirt:
        _add_clutter(mesh, rng, int(rng.integers(0, 9)), 0.2, base, top)
    _add_clutter(mesh, rng, int(rng.integers(2, 10)), 0.26, 0.05, base + 0.05)
    _add_head(mesh, rng, top)


def _add_frame(mesh: Mesh, rng: np.random.Generator, team: Colour) -> None:
    half, height = rng.uniform(0.15, 0.23), rng.uniform(0.55, 0.75)
    _add_base(mesh, rng, 0.27, 0.2)
    metal = (0.45, 0.46, 0.48) if rng.random() < 0.3 else _dark(rng)
    for x, y in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        mesh.add_frustum((x * half, y * half, 0.1), (x * half * 0.7, y * half * 0.7, height),
                         0.015, 0.015, metal, 4)
    for level in rng.uniform(0.25, height, int(rng.integers(2, 5))):
        mesh.add_box((0, 0, level), (half * 2, half * 2, 0.02), _dark(rng))
    _add_clutter(mesh, rng, int(rng.integers(12, 26)), 0.22, 0.12, height)
    if rng.random() < 0.5:
        mesh.add_box((0, 0, height * 0.8), (half * 1.6, half * 1.6, 0.14), team)
    _add_head(mesh, rng, height)


def _add_drum(mesh: Mesh, rng: np.random.Generator, team: Colour) -> None:
    radius, height = rng.uniform(0.22, 0.26), rng.uniform(0.35, 0.5)
    mesh.add_frustum((0, 0, 0.04), (0, 0, height), radius, radius, _dark(rng), 14)
    mesh.add_frustum((0, 0, height), (0, 0, height + 0.12), radius * 0.9, 0.1, _dark(rng), 14)
    mesh.add_frustum((0, 0, height), (0, 0, 0.72), 0.035, 0.03, _dark(rng), 6)
    if rng.random() < 0.6:
        band = rng.uniform(0.2, height)
        mesh.add_frustum((0, 0, band), (0, 0, band + 0.06), radius + 0.01, radius + 0.01, team, 14)
    _add_clutter(mesh, rng, int(rng.integers(8, 18)), 0.25, 0.1, 0.62)
    _add_head(mesh, rng, 0.68)


def _add_stack(mesh: Mesh, rng: np.random.Generator, team: Colour) -> None:
    _add_base(mesh, rng, 0.28, 0.22)
    height = 0.22
    while height < 0.62:
        size = rng.uniform((0.2, 0.2, 0.08), (0.38, 0.38, 0.2))
        colour = np.array(team) if rng.random() < 0.15 else _dark(rng)
        mesh.add_box((rng.normal(0, 0.02), rng.normal(0, 0.02), height + size[2] / 2), size,
                     colour, float(rng.uniform(-10, 10)))
        height += size[2]
    _add_clutter(mesh, rng, int(rng.integers(8, 18)), 0.27, 0.08, 0.6)
    _add_head(mesh, rng, height)


def _add_box(mesh: Mesh, rng: np.random.Generator, team: Colour) -> None:
    """Add the plain dark box that stands in for a robot in training."""
    del team
    width, depth, height = rng.uniform((0.38, 0.35, 0.5), (0.6, 0.55, 0.85))
    colour = np.array([0.10, 0.105, 0.11]) * rng.uniform(0.25, 1.6)
    mesh.add_box((0, 0, 0.04 + height / 2), (width, depth, height), colour)
    for x in (-1, 1):
        for y in (-1, 1):
            mesh.add_box((x * width * 0.42, y * depth * 0.42, 0.03), (0.05, 0.05, 0.06),
                         (0.05, 0.05, 0.05))


def _add_numbers(node: NodePath, rng: np.random.Generator, team: Colour) -> None:
    blue_green_red = tuple(int(v * 230) for v in reversed(list(team)))
    texture = make_texture(number_texture(rng, blue_green_red), repeats=False)
    height, size = rng.uniform(0.28, 0.48), rng.uniform(0.12, 0.18)
    mesh = Mesh()
    for turn in np.arange(int(rng.integers(1, 5))) * np.pi / 2:
        across = np.array([np.cos(turn), np.sin(turn), 0]) * size
        outward = np.array([across[1], -across[0], 0]) / size
        mesh.add_panel(outward * 0.235 - across / 2 + (0, 0, height), across,
                       (*(-outward[:2] * 0.04), size), (0.9, 0.9, 0.9))
    mesh.attach_to(node, 'number', texture)
