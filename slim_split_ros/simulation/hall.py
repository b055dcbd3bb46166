"""
What does a robot's camera see in a simulated hall? Pictures with exact boxes.

Puts the room's pieces together; the pieces themselves know nothing of each other.
"""

from dataclasses import dataclass, replace
import weakref

import cv2
import numpy as np
from numpy.typing import NDArray
from panda3d.core import AmbientLight, DirectionalLight, NodePath

from .appearance import Camera, random_look
from .cast import CLASSES, Cast, Thing
from .engine import ALONE, VISIBLE, Renderer, borrow_renderer
from .errors import SettingsError
from .field import build_ground, random_field
from .lens import LensMap, face_size, map_lens, random_lens
from .lights import random_lamps
from .motion import Area, Wanderer
from .truth import Patch, measure_patches, separate_groups
from .venue import build_venue, random_venue

__all__ = ['CLASSES', 'Hall', 'SimFrame']

# A person labelling pictures marks nothing smaller or more hidden than this.
_SMALLEST_AREA = 12
_LEAST_VISIBILITY = 0.15
_SMALLEST_SIDE, _LARGEST_SIDE = 64, 2048
_LONGEST_STEP_S = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class SimFrame:
    """
    Keep one picture and what is visible in it.

    `image` uint8 (H, W, 3), BGR; `boxes` float32 (n, 4), x, y, width, height of the visible part;
    `labels` int64 (n,), indices into CLASSES; `visibility` float32 (n,), the share of the object's
    pixels inside the image that nothing covers. The arrays are the caller's own.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    visibility: NDArray[np.float32]


class Hall:
    """
    Simulate a hall with a robot's camera driving through it; the seed decides everything.

    >>> hall = Hall(seed=3, width=320, height=240)
    >>> hall.step(0.1)
    >>> frame = hall.render()
    >>> frame.image.shape, frame.boxes.shape[1], len(frame.labels) == len(frame.boxes)
    ((240, 320, 3), 4, True)

    A process has one renderer: halls of one process render one after the other.
    """

    def __init__(self, seed: int, width: int = 640, height: int = 480) -> None:
        _check_size(width, height)
        rng = np.random.default_rng(seed)
        self._rng = rng
        self._lens = random_lens(rng, width, height)
        lens_map = map_lens(self._lens)
        own_body = _shade_own_body(rng, width, height)
        self._lens_map: LensMap = replace(lens_map, light=lens_map.light * own_body)
        self._look = random_look(rng)
        self._camera = Camera(self._look, self._lens_map.light, rng)
        self._scene = NodePath('hall')
        weakref.finalize(self, _dismantle, self._scene).atexit = False
        self._field = random_field(rng)
        venue = random_venue(rng, self._field)
        lamps = random_lamps(rng, self._field.half_length, self._field.half_width, venue.height)
        backdrop = self._scene.attach_new_node('backdrop')
        backdrop.hide(ALONE)
        build_ground(backdrop, rng, self._field, lamps, (venue.half_length, venue.half_width))
        build_venue(backdrop, rng, venue, self._field, lamps)
        _add_lights(self._scene, rng)
        self._cast = Cast(self._scene, rng, self._field, lamps)
        self._start_eye()

    @property
    def camera_matrix(self) -> NDArray[np.float64]:
        """Return the intrinsic matrix, float64 (3, 3), as camera_info's k."""
        return self._lens.camera_matrix

    @property
    def distortion(self) -> NDArray[np.float64]:
        """Return the four coefficients of the `equidistant` model, as camera_info's d."""
        return self._lens.distortion

    @property
    def things(self) -> tuple[Thing, ...]:
        """Return every labelled object of the hall, seen or not."""
        return tuple(self._cast.things)

    def step(self, dt_s: float) -> None:
        """
        Let the hall's time pass.

        Raises SettingsError for a step that is negative or over a minute.
        """
        if not 0.0 <= dt_s <= _LONGEST_STEP_S:
            raise SettingsError(
                f'dt_s is {dt_s}, allowed is 0 to {_LONGEST_STEP_S:g} s: take several steps'
            )
        left_s = dt_s
        while left_s > 1e-9:
            piece_s = min(left_s, 0.25)
            self._cast.step(piece_s, self._eye)
            self._drive(piece_s)
            left_s -= piece_s

    def render(self) -> SimFrame:
        """Return what the camera sees now; about 50 ms at 640x480 on one busy core."""
        renderer = self._aim()
        stacked = renderer.render_colour()
        patches = self._measure(renderer, VISIBLE)
        seen = [k for k in range(len(self._cast.things))
                if k + 1 in patches and patches[k + 1].area >= _SMALLEST_AREA]
        alone = self._measure_alone(renderer, seen)
        renderer.leave()
        picture = self._lens_map.sample_picture(stacked)
        image = self._camera.expose(picture, self._image_motion())
        rows = []
        for k in seen:
            patch = patches[k + 1]
            visibility = patch.area / max(alone[k + 1].area, patch.area)
            if visibility >= _LEAST_VISIBILITY:
                rows.append((patch.x, patch.y, patch.width, patch.height, visibility, k))
        table = np.array(rows, np.float64).reshape(-1, 6)
        labels = [self._cast.things[int(k)].label for k in table[:, 5]]
        return SimFrame(
            image=image,
            boxes=table[:, :4].astype(np.float32),
            labels=np.array(labels, np.int64),
            visibility=table[:, 4].astype(np.float32),
        )

    def _aim(self) -> Renderer:
        renderer = borrow_renderer(*face_size(self._lens.width, self._lens.height))
        place = (float(self._eye.place[0]), float(self._eye.place[1]), self._eye_height)
        angles = (float(np.degrees(self._eye.heading)), self._pitch_deg, self._roll_deg)
        renderer.aim(self._scene, place, angles, self._lens_map.faces)
        return renderer

    def _measure(self, renderer: Renderer, mask: object) -> dict[int, Patch]:
        stacked = renderer.render_identities(mask)
        return measure_patches(self._lens_map.sample_identities(stacked))

    def _measure_alone(self, renderer: Renderer, seen: list[int]) -> dict[int, Patch]:
        """Measure what each seen object would cover with nothing in front of it."""
        if not seen:
            return {}
        eye = np.array([*self._eye.place, self._eye_height])
        things = [self._cast.things[k] for k in seen]
        ways = np.array([thing.centre() for thing in things]) - eye
        distances = np.linalg.norm(ways, axis=1)
        reaches = np.array([thing.reach for thing in things])
        shares = np.minimum(reaches / distances, 1)
        angles = np.where(shares < 1, np.arcsin(shares), np.pi)
        patches: dict[int, Patch] = {}
        for group in separate_groups(ways / distances[:, None], angles):
            for k in group:
                things[k].node.show(ALONE)
            patches.update(self._measure(renderer, ALONE))
            for k in group:
                things[k].node.hide(ALONE)
        return patches

    def _start_eye(self) -> None:
        rng = self._rng
        area = Area(self._field.half_length * 0.95, self._field.half_width * 0.95)
        self._eye = Wanderer(
            place=area.draw_point(rng), area=area, top_speed=float(rng.uniform(0.2, 2.0)),
            radius=0.45, turns_to_walk=False, rest_s=4.0,
        )
        self._eye_height = float(rng.uniform(0.6, 0.9) if rng.random() < 0.8
                                 else rng.uniform(0.4, 0.6))
        self._mean_pitch = float(rng.normal(-1.0, 3.0))
        self._roll_deg = float(rng.normal(0, 0.8))
        self._pitch_deg = self._mean_pitch
        self._watch: NDArray[np.float64] = np.zeros(2)
        self._watch_s = 0.0
        self._turn_rate = 0.0
        self._chases_ball = False
        if rng.random() < 0.5:  # a ball close by, as a robot that plays it has
            self._eye.place = self._cast.ball_places()[0][:2] + rng.normal(0, 1.5, 2)
            self._chases_ball = True
        self._cast.step(0.0, self._eye)
        self._choose_watch()
        self._eye.heading = self._watch_heading() + float(rng.normal(0, 0.35))

    def _choose_watch(self) -> None:
        rng = self._rng
        choice = rng.random()
        movers = self._cast.mover_places()
        if choice < 0.4 or self._chases_ball:
            self._watch = self._cast.ball_places()[0][:2]
        elif choice < 0.65 and movers:
            self._watch = movers[int(rng.integers(len(movers)))]
        elif choice < 0.85:
            self._watch = np.array([rng.choice([-1, 1]) * self._field.half_length, 0.0])
        else:
            self._watch = self._eye.area.draw_point(rng)
        self._watch_s = float(rng.uniform(1.5, 6.0))

    def _watch_heading(self) -> float:
        way = self._watch - self._eye.place
        return float(np.arctan2(way[1], way[0]) - np.pi / 2)

    def _drive(self, dt_s: float) -> None:
        if self._chases_ball:
            self._eye.seek(self._cast.ball_places()[0][:2])
        self._eye.advance(dt_s, self._rng)
        self._watch_s -= dt_s
        if self._watch_s <= 0:
            self._choose_watch()
        error = (self._watch_heading() - self._eye.heading + np.pi) % (2 * np.pi) - np.pi
        wanted = float(np.clip(1.5 * error, -2.0, 2.0))
        self._turn_rate += (wanted - self._turn_rate) * min(1.0, 4 * dt_s)
        self._eye.heading += self._turn_rate * dt_s
        shake = 0.25 * min(self._eye.speed, 1.5)
        self._pitch_deg = self._mean_pitch + float(self._rng.normal(0, shake))

    def _image_motion(self) -> tuple[float, float]:
        """Return how far the image moves while the shutter is open, in pixels."""
        share = self._look.shutter_s * self._lens.focal
        return (self._turn_rate * share, float(self._rng.normal(0, 0.15)) * share)


def _check_size(width: int, height: int) -> None:
    for name, side in (('width', width), ('height', height)):
        if not _SMALLEST_SIDE <= side <= _LARGEST_SIDE:
            raise SettingsError(
                f'{name} is {side}, allowed is {_SMALLEST_SIDE} to {_LARGEST_SIDE} pixels'
            )


def _add_lights(scene: NodePath, rng: np.random.Generator) -> None:
    ambient = AmbientLight('ambient')
    share = float(rng.uniform(0.5, 0.85))
    ambient.set_color((share, share, share, 1))
    scene.set_light(scene.attach_new_node(ambient))
    for strength in (1.15 - share, 0.4):
        lamp = DirectionalLight('lamp')
        level = float(strength * rng.uniform(0.7, 1.2))
        lamp.set_color((level, level, level, 1))
        node = scene.attach_new_node(lamp)
        node.set_hpr(float(rng.uniform(0, 360)), float(rng.uniform(-80, -40)), 0)
        scene.set_light(node)


def _dismantle(scene: NodePath) -> None:
    """Break the ring of a scene and the lamps under it that it refers to: 10 MB a hall."""
    scene.clear_light()
    scene.remove_node()


def _shade_own_body(rng: np.random.Generator, width: int, height: int) -> NDArray[np.float32]:
    """Return the light (H, W) that passes the own robot's wheels and edges below the lens."""
    light = np.ones((height, width), np.float32)
    if rng.random() < 0.3:
        return light
    unit = max(width, height)
    middle = width * (0.5 + rng.normal(0, 0.05))
    spread = unit * rng.uniform(0.03, 0.09)
    size = unit * rng.uniform(0.02, 0.05, 2)
    for side in (-1, 1):
        centre = (int(middle + side * spread), int(height - unit * rng.uniform(-0.01, 0.02)))
        cv2.ellipse(light, centre, (int(size[0]), int(size[1])), 0, 0, 360, 0.06, -1)
    return cv2.GaussianBlur(light, (0, 0), unit / 500)
