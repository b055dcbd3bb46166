"""
What do the people look like? Builds standing, walking and seated figures of simple limbs.

Origin on the floor, front along +y. Legs are nodes of their own, so that walking swings them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from panda3d.core import NodePath

from .meshes import Colour, Mesh

_HIP = 0.52  # share of the body's height
_SHOES = ((0.05, 0.05, 0.05), (0.75, 0.75, 0.75), (0.3, 0.2, 0.12), (0.5, 0.1, 0.1))


@dataclass(slots=True)
class Person:
    """Keep the nodes of one person: the whole and the legs that swing."""

    node: NodePath
    legs: tuple[NodePath, ...]

    def swing_legs(self, phase: float, reach_deg: float) -> None:
        """Put the legs at a phase of the stride, in radians."""
        for leg, sign in zip(self.legs, (1, -1), strict=False):
            leg.set_p(sign * reach_deg * float(np.sin(phase)))


@dataclass(frozen=True, slots=True)
class _Clothes:
    shirt: Colour
    trousers: Colour
    shoes: Colour
    skin: Colour
    hair: Colour
    wears_shorts: bool
    long_sleeves: bool


def build_person(parent: NodePath, rng: np.random.Generator, seated: bool = False) -> Person:
    """Build a person in random clothes and pose and return the nodes."""
    height, girth = rng.normal(1.75, 0.09), rng.normal(1.0, 0.13)
    clothes = _random_clothes(rng)
    hip = _HIP * height
    seat = hip - 0.45 if seated else 0.0
    body = Mesh()
    _add_torso(body, rng, clothes, height, girth)
    _add_head(body, rng, clothes, height)
    for side in (-1, 1):
        _add_arm(body, rng, clothes, height, girth, side)
    if seated:
        for side in (-1, 1):
            _add_seated_leg(body, clothes, hip, side)
        body.add_box((0, 0, hip - 0.1), (0.45, 0.45, 0.06), (0.1, 0.1, 0.12))
        body.add_frustum((0, 0, hip - 0.44), (0, 0, hip - 0.1), 0.03, 0.03, (0.2, 0.2, 0.2), 6)
    node = body.attach_to(parent, 'person')
    legs: list[NodePath] = []
    if not seated:
        for side in (-1, 1):
            mesh = Mesh()
            _add_leg(mesh, clothes, hip, girth)
            leg = mesh.attach_to(node, 'leg')
            leg.set_pos(side * 0.09 * girth, 0, hip)
            leg.set_r(side * float(rng.uniform(-6, 1)))
            legs.append(leg)
    node.set_z(-seat)
    return Person(node, tuple(legs))


def _random_clothes(rng: np.random.Generator) -> _Clothes:
    darkness = rng.random()
    if darkness < 0.45:
        shirt = np.full(3, rng.uniform(0.03, 0.2)) * rng.uniform(0.8, 1.2, 3)
    elif darkness < 0.6:
        shirt = np.full(3, rng.uniform(0.5, 0.9))
    else:
        shirt = rng.uniform(0.03, 0.8, 3) ** 1.3
    trousers = (
        np.array([0.10, 0.14, 0.25]) * rng.uniform(0.4, 1.8) if rng.random() < 0.45
        else np.full(3, rng.uniform(0.02, 0.12)) if rng.random() < 0.6
        else np.array([0.5, 0.43, 0.33]) * rng.uniform(0.3, 1.2)
    )
    return _Clothes(
        shirt=shirt,
        trousers=trousers,
        shoes=_SHOES[int(rng.integers(len(_SHOES)))],
        skin=np.array([0.85, 0.62, 0.5]) * rng.uniform(0.35, 1.0),
        hair=np.array([0.16, 0.11, 0.07]) * rng.uniform(0.1, 2.5),
        wears_shorts=bool(rng.random() < 0.3),
        long_sleeves=bool(rng.random() < 0.45),
    )


def _add_torso(mesh: Mesh, rng: np.random.Generator, clothes: _Clothes, height: float,
               girth: float) -> None:
    hip, shoulder = _HIP * height - 0.06, 0.82 * height
    waist = (hip + shoulder) / 2
    for low, high, low_width, high_width in (
        (hip, waist, 0.165, 0.155), (waist, shoulder - 0.05, 0.155, 0.195),
        (shoulder - 0.05, shoulder + 0.01, 0.195, 0.09),
    ):
        colour = clothes.trousers if high == hip else clothes.shirt
        mesh.add_frustum((0, 0, low), (0, 0, high), low_width * girth, high_width * girth, colour,
                         10)
    mesh.add_frustum((0, 0, hip - 0.02), (0, 0, hip + 0.1), 0.165 * girth, 0.168 * girth,
                     clothes.trousers, 10)
    if rng.random() < 0.3:  # a badge, a bib or a print
        mesh.add_box((rng.normal(0, 0.04), 0.17 * girth, rng.uniform(waist, shoulder - 0.1)),
                     rng.uniform((0.06, 0.06, 0.06), (0.18, 0.08, 0.2)), rng.uniform(0.2, 0.95, 3))


def _add_head(mesh: Mesh, rng: np.random.Generator, clothes: _Clothes, height: float) -> None:
    middle = height - 0.12
    mesh.add_frustum((0, 0, 0.8 * height), (0, 0, middle), 0.055, 0.05, clothes.skin)
    mesh.add_ball((0, 0.01, middle), (0.078, 0.095, 0.12), clothes.skin)
    if rng.random() < 0.9:
        length = 0.1 if rng.random() < 0.75 else 0.2
        mesh.add_ball((0, -0.025, middle + 0.035), (0.085, 0.095, length), clothes.hair)


def _add_arm(mesh: Mesh, rng: np.random.Generator, clothes: _Clothes, height: float, girth: float,
             side: int) -> None:
    shoulder = np.array([side * 0.2 * girth, 0, 0.8 * height])
    pose = rng.choice(4, p=[0.5, 0.3, 0.12, 0.08])
    upper, fore = (
        ((0.06, 0.02, -0.28), (0.02, 0.06, -0.26)),   # hanging
        ((0.04, 0.04, -0.28), (-0.1, 0.22, 0.03)),    # holding something, hands in front
        ((0.18, 0.05, -0.2), (-0.12, -0.02, -0.18)),  # hand on the hip
        ((0.2, 0.12, 0.05), (0.05, 0.1, 0.24)),       # raised
    )[int(pose)]
    mirror = np.array([side, 1, 1])
    elbow = shoulder + mirror * upper * rng.uniform(0.9, 1.1)
    hand = elbow + mirror * fore * rng.uniform(0.9, 1.1)
    mesh.add_frustum(shoulder, elbow, 0.062 * girth, 0.048 * girth, clothes.shirt, 6)
    mesh.add_frustum(elbow, hand, 0.045, 0.036,
                     clothes.shirt if clothes.long_sleeves else clothes.skin, 6)
    mesh.add_ball(hand, (0.04, 0.04, 0.05), clothes.skin, 4, 6)


def _add_leg(mesh: Mesh, clothes: _Clothes, hip: float, girth: float) -> None:
    """Add a leg that hangs from the origin."""
    knee = -0.48 * hip
    ankle = -hip + 0.07
    mesh.add_frustum((0, 0, 0.02), (0, 0.01, knee), 0.095 * girth, 0.065 * girth,
                     clothes.trousers, 8)
    mesh.add_frustum((0, 0.01, knee), (0, -0.01, ankle), 0.062 * girth, 0.045,
                     clothes.skin if clothes.wears_shorts else clothes.trousers, 8)
    _add_shoe(mesh, clothes, (0, 0.04, ankle - 0.035))


def _add_seated_leg(mesh: Mesh, clothes: _Clothes, hip: float, side: int) -> None:
    knee: NDArray[np.float64] = np.array([side * 0.14, 0.42, hip - 0.02])
    foot = knee - (0, 0.02, 0.42)
    mesh.add_frustum((side * 0.09, 0, hip - 0.02), knee, 0.09, 0.065, clothes.trousers, 8)
    mesh.add_frustum(knee, foot, 0.06, 0.045,
                     clothes.skin if clothes.wears_shorts else clothes.trousers, 8)
    _add_shoe(mesh, clothes, foot + (0, 0.05, 0))


def _add_shoe(mesh: Mesh, clothes: _Clothes, place: tuple[float, float, float]) -> None:
    mesh.add_box(place, (0.1, 0.27, 0.07), clothes.shoes)
