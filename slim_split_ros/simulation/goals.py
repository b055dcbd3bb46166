"""
What do the goals look like? White posts and bar, with a net or panels behind.

Origin on the floor in the middle between the posts, the field towards +y.
"""

from dataclasses import dataclass

import numpy as np
from panda3d.core import NodePath, TransparencyAttrib

from .engine import ALONE, VISIBLE
from .meshes import Mesh
from .textures import make_texture, net_texture

_NET_ORDER = 900


@dataclass(frozen=True, slots=True)
class Goal:
    """Keep a goal's node and its two upright posts."""

    node: NodePath
    posts: tuple[NodePath, NodePath]


def build_goal(parent: NodePath, rng: np.random.Generator) -> Goal:
    """Build a goal 1 m high and 2 m to 2.4 m wide."""
    node = parent.attach_new_node('goal')
    half, height = rng.choice([1.0, 1.2]), 1.0
    beam, depth = rng.uniform(0.11, 0.18), rng.uniform(0.45, 0.8)
    white = np.full(3, rng.uniform(0.75, 0.97))
    thick = beam * rng.choice([1.0, 1.5, 2.5])
    posts = []
    for side in (-1, 1):
        post = Mesh()
        post.add_box((0, -thick / 2 + beam / 2, (height + beam) / 2), (beam, thick, height + beam),
                     white)
        path = post.attach_to(node, 'post')
        path.set_x(side * (half + beam / 2))
        posts.append(path)
    frame = Mesh()
    frame.add_box((0, 0, height + beam / 2), (2 * half - 0.01, beam * 0.98, beam), white)
    _add_back(frame, rng, half, height, depth, white)
    frame.attach_to(node, 'frame')
    if rng.random() < 0.75:
        _add_net(node, rng, half, height, depth)
    return Goal(node, (posts[0], posts[1]))


def _add_back(mesh: Mesh, rng: np.random.Generator, half: float, height: float, depth: float,
              white: np.ndarray) -> None:
    bar = 0.04
    shade = white * rng.uniform(0.6, 1.0)
    top = height * rng.uniform(0.6, 1.0)
    for side in (-half, half):
        mesh.add_box((side, -depth, top / 2), (bar, bar, top), shade)
        mesh.add_frustum((side, 0, height), (side, -depth, top), 0.02, 0.02, shade, 4)
    panel = rng.choice([0.12, 0.35, 0.98], p=[0.4, 0.45, 0.15]) * top
    mesh.add_box((0, -depth, panel / 2), (2 * half, 0.03, panel), shade)
    for side in (-half, half):
        mesh.add_box((side, -depth / 2, panel / 2), (0.03, depth * 0.9, panel), shade)
    mesh.add_box((0, -depth, top), (2 * half, bar, bar), shade)


def _add_net(node: NodePath, rng: np.random.Generator, half: float, height: float,
             depth: float) -> None:
    mesh = Mesh()
    grey = np.full(3, rng.uniform(0.3, 0.95))
    mesh.add_panel((-half, -depth, 0), (2 * half, 0, 0), (0, 0, height), grey, (4, 2))
    for side in (-half, half):
        mesh.add_panel((side, -depth, 0), (0, depth, 0), (0, 0, height), grey, (1, 2))
    net = mesh.attach_to(node, 'net', make_texture(net_texture(rng)))
    net.set_two_sided(True)
    net.set_transparency(TransparencyAttrib.M_alpha)
    net.set_depth_write(False)
    net.set_bin('fixed', _NET_ORDER)
    net.hide(VISIBLE | ALONE)
