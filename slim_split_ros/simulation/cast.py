"""
Who takes part? Populates a hall with robots, people, balls and goals, and places their nodes.

`Thing` is what carries a label; `Cast` moves all of them and tells where they are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from panda3d.core import NodePath

from .engine import ALONE, IDENTITY_TAG
from .field import Field, build_shadow, make_shadow_texture
from .goals import build_goal
from .lights import Lamps
from .meshes import Mesh
from .motion import Area, Ball, Wanderer, keep_apart
from .people import Person, build_person
from .robots import build_robot, random_team_colour
from .textures import ball_texture, make_texture

CLASSES = ('person', 'robot', 'ball', 'goal_post')
_PERSON, _ROBOT, _BALL, _POST = range(len(CLASSES))

_FIRST_ORDER = 100
_BOX_KIND = 5
_BALL_COLOURS = ((0.12, 0.75, 0.80), (0.08, 0.62, 0.75), (0.05, 0.42, 0.88), (0.35, 0.65, 0.95),
                 (0.10, 0.55, 0.92))
_BALL_RADIUS_M = 0.11


@dataclass(frozen=True, slots=True)
class Thing:
    """Keep one labelled object: its node, class index and the ball around it in metres."""

    node: NodePath
    label: int
    middle_height: float
    reach: float

    def centre(self) -> NDArray[np.float64]:
        """Return the middle (3,) of the ball that contains the object."""
        place = self.node.get_net_transform().get_pos()
        return np.array([place.x, place.y, self.middle_height or place.z])


@dataclass(slots=True)
class _Mover:
    root: NodePath
    wanderer: Wanderer
    person: Person | None
    stride: float
    phase: float = 0.0


@dataclass(slots=True)
class _BallNodes:
    ball: Ball
    node: NodePath
    shadow: NodePath
    holder: _Mover | None
    hold_at: NDArray[np.float64]


class Cast:
    """Own everything that carries a label and everything that moves, the camera excepted."""

    def __init__(self, scene: NodePath, rng: np.random.Generator, field: Field,
                 lamps: Lamps) -> None:
        self.things: list[Thing] = []
        self._scene, self._rng, self._field, self._lamps = scene, rng, field, lamps
        self._movers: list[_Mover] = []
        self._balls: list[_BallNodes] = []
        self._shadow = make_shadow_texture()
        self._darkness = float(rng.uniform(0.25, 0.8))
        self._add_goals()
        self._add_robots()
        self._add_people()
        self._add_balls()
        self.step(0.0)

    def step(self, dt_s: float, eye: Wanderer | None = None) -> None:
        """Move everything on; nobody enters the camera robot `eye`."""
        for mover in self._movers:
            mover.wanderer.advance(dt_s, self._rng)
        wanderers = [mover.wanderer for mover in self._movers]
        for _ in range(2):
            keep_apart(wanderers + ([eye] if eye else []))
        for mover in self._movers:
            self._place_mover(mover, dt_s)
        for ball in self._balls:
            self._place_ball(ball, dt_s)

    def ball_places(self) -> list[NDArray[np.float64]]:
        """Return where the balls are, each (3,)."""
        return [nodes.ball.place for nodes in self._balls]

    def mover_places(self) -> list[NDArray[np.float64]]:
        """Return where robots and people stand, each (2,)."""
        return [mover.wanderer.place for mover in self._movers]

    def _add_thing(self, node: NodePath, label: int, middle_height: float, reach: float) -> None:
        identity = len(self.things) + 1
        node.set_tag(IDENTITY_TAG, str(identity))
        node.set_bin('fixed', _FIRST_ORDER + identity)
        node.hide(ALONE)
        self.things.append(Thing(node, label, middle_height, reach))

    def _add_goals(self) -> None:
        for side in (-1, 1):
            goal = build_goal(self._scene, self._rng)
            goal.node.set_pos(side * (self._field.half_length + 0.06), 0, 0)
            goal.node.set_h(side * 90)
            light = self._lamps.light_at(np.array([[side * self._field.half_length, 0, 0.5]]))
            goal.node.set_color_scale(*([float(np.clip(light[0] * 1.1, 0.3, 1.4))] * 3), 1)
            for post in goal.posts:
                self._add_thing(post, _POST, 0.55, 0.8)

    def _add_robots(self) -> None:
        rng = self._rng
        teams = [(random_team_colour(rng), int(rng.integers(0, 5))) for _ in range(2)]
        on_field = Area(self._field.half_length, self._field.half_width)
        has_boxes = rng.random() < 0.3
        for k in range(int(rng.integers(2, 13))):
            colour, kind = teams[k % 2]
            if has_boxes and rng.random() < 0.5:
                kind = _BOX_KIND
            root = self._scene.attach_new_node('robot')
            node = build_robot(root, rng, kind, colour)
            build_shadow(root, self._shadow, float(rng.uniform(0.4, 0.6)), self._darkness)
            moves = kind != _BOX_KIND and rng.random() < 0.7
            wanderer = Wanderer(
                place=on_field.draw_point(rng), area=on_field,
                top_speed=float(rng.uniform(0.3, 3.0)) if moves else 0.0, radius=0.27,
                turns_to_walk=False, rest_s=3.0, heading=float(rng.uniform(0, 2 * np.pi)),
            )
            self._movers.append(_Mover(root, wanderer, None, 0.0))
            self._add_thing(node, _ROBOT, 0.42, 0.75)

    def _add_people(self) -> None:
        rng = self._rng
        field = self._field
        inside = Area(field.half_length + 0.5, field.half_width + 0.5)
        edge = field.margin * 0.7
        border = Area(field.half_length + edge, field.half_width + edge)
        huddle = inside.draw_point(rng)
        for _ in range(int(rng.integers(0, 10))):
            root = self._scene.attach_new_node('person')
            stays_out = rng.random() < 0.5
            is_seated = stays_out and rng.random() < 0.2
            person = build_person(root, rng, seated=is_seated)
            build_shadow(root, self._shadow, 0.45, self._darkness)
            place = inside.draw_point(rng)
            if stays_out:
                place = _push_to_border(place, border, rng)
            elif rng.random() < 0.4:
                place = huddle + rng.normal(0, 0.9, 2)
            moves = not stays_out and rng.random() < 0.7
            wanderer = Wanderer(
                place=place, area=inside, top_speed=float(rng.uniform(0.5, 1.7)) if moves else 0.0,
                radius=0.24, turns_to_walk=True, rest_s=6.0,
                heading=float(np.arctan2(-place[1], -place[0]) - np.pi / 2 + rng.normal(0, 0.9)),
            )
            self._movers.append(_Mover(root, wanderer, person, float(rng.uniform(3.5, 5.0)),
                                       float(rng.uniform(0, 6))))
            self._add_thing(person.node, _PERSON, 0.95, 1.25)

    def _add_balls(self) -> None:
        rng = self._rng
        area = Area(self._field.half_length + 0.4, self._field.half_width + 0.4)
        for _ in range(int(rng.choice([1, 2, 3, 5], p=[0.45, 0.3, 0.15, 0.1]))):
            colour = np.array(_BALL_COLOURS[int(rng.integers(len(_BALL_COLOURS)))])
            colour = np.clip(colour * rng.uniform(0.8, 1.1, 3), 0, 1)
            mesh = Mesh()
            mesh.add_ball((0, 0, 0), (_BALL_RADIUS_M,) * 3, (1, 1, 1), 10, 16)
            node = mesh.attach_to(self._scene, 'ball', make_texture(ball_texture(rng, colour)))
            node.set_hpr(*rng.uniform(0, 360, 3))
            shadow = build_shadow(self._scene, self._shadow, 0.17, self._darkness)
            ball = Ball(_BALL_RADIUS_M, area, np.array([*area.draw_point(rng), _BALL_RADIUS_M]))
            if rng.random() < 0.5:
                ball.place[2] = rng.uniform(0.11, 2.0) if rng.random() < 0.4 else _BALL_RADIUS_M
                ball.kick(rng)
            holder, at = None, np.zeros(3)
            if self._movers and rng.random() < 0.3:
                holder = self._movers[int(rng.integers(len(self._movers)))]
                at = np.array([0, 0.33, 0.11]) if holder.person is None or rng.random() < 0.3 \
                    else np.array([rng.uniform(-0.2, 0.2), 0.28, rng.uniform(0.9, 1.3)])
            self._balls.append(_BallNodes(ball, node, shadow, holder, at))
            self._add_thing(node, _BALL, 0.0, 0.13)

    def _place_mover(self, mover: _Mover, dt_s: float) -> None:
        wanderer = mover.wanderer
        x, y = (float(v) for v in wanderer.place)
        mover.root.set_pos(x, y, 0)
        mover.root.set_h(float(np.degrees(wanderer.heading)))
        self._light(mover.root, np.array([x, y, 0.6]))
        if mover.person is not None and mover.person.legs:
            mover.phase += wanderer.speed * dt_s * mover.stride
            mover.person.swing_legs(mover.phase, min(28.0, 6 + wanderer.speed * 20))

    def _place_ball(self, nodes: _BallNodes, dt_s: float) -> None:
        ball = nodes.ball
        if nodes.holder is None:
            before = ball.place.copy()
            ball.advance(dt_s, self._rng)
            rolled = float(np.hypot(*(ball.place - before)[:2]))
            nodes.node.set_p(nodes.node.get_p() + np.degrees(rolled / ball.radius) % 360)
        else:
            wanderer = nodes.holder.wanderer
            c, s = np.cos(wanderer.heading), np.sin(wanderer.heading)
            x, y, z = nodes.hold_at
            ball.place = np.array(
                [wanderer.place[0] + c * x - s * y, wanderer.place[1] + s * x + c * y, z]
            )
        x, y, z = (float(v) for v in ball.place)
        nodes.node.set_pos(x, y, z)
        nodes.shadow.set_pos(x, y, 0)
        nodes.shadow.set_alpha_scale(self._darkness / (1 + 3 * (z - ball.radius)))
        self._light(nodes.node, np.array([x, y, z]))

    def _light(self, node: NodePath, place: NDArray[np.float64]) -> None:
        light = float(np.clip(self._lamps.light_at(place[None])[0], 0.3, 1.5))
        node.set_color_scale(light, light, light, 1)


def _push_to_border(
    place: NDArray[np.float64], border: Area, rng: np.random.Generator
) -> NDArray[np.float64]:
    axis = int(rng.integers(2))
    place = place.copy()
    limit = (border.half_x, border.half_y)[axis]
    place[axis] = np.sign(place[axis]) * limit * rng.uniform(1, 1.08)
    return place
