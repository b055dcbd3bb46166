"""
Where does everything go? Wandering robots and people, and a ball that rolls, flies and waits.

Pure numbers on the ground plane in metres and seconds; nothing here draws.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_GRAVITY = 9.81
_ROLLING_FRICTION = 0.5
_BOUNCE = 0.55


@dataclass(frozen=True, slots=True)
class Area:
    """Bound a rectangle around the middle of the field by its half sides in metres."""

    half_x: float
    half_y: float

    def draw_point(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw a point (2,) inside."""
        return rng.uniform(-1, 1, 2) * (self.half_x, self.half_y)


@dataclass(slots=True)
class Wanderer:
    """Keep one mover that heads for a target, pauses there and draws another."""

    place: NDArray[np.float64]
    area: Area
    top_speed: float
    radius: float
    turns_to_walk: bool
    rest_s: float
    heading: float = 0.0
    velocity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    _target: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    _wait_s: float = 0.0

    @property
    def speed(self) -> float:
        """Return the speed in metres per second."""
        return float(np.hypot(*self.velocity))

    def seek(self, target: NDArray[np.float64]) -> None:
        """Head for a target from now on."""
        self._target = np.array(target)

    def advance(self, dt_s: float, rng: np.random.Generator) -> None:
        """Move on by a step, which may be seconds long."""
        self._wait_s -= dt_s
        wanted = np.zeros(2)
        if self._wait_s <= 0 and self.top_speed > 0:
            way = self._target - self.place
            distance = float(np.hypot(*way))
            if distance < 0.3 + self.top_speed * dt_s:
                self._target = self.area.draw_point(rng)
                self._wait_s = float(rng.uniform(0, self.rest_s))
            else:
                wanted = way / distance * self.top_speed
        share = min(1.0, dt_s * 3.0)
        self.velocity = self.velocity + (wanted - self.velocity) * share
        self.place = self.place + self.velocity * dt_s
        if self.turns_to_walk and self.speed > 0.1:
            aim = float(np.arctan2(self.velocity[1], self.velocity[0])) - np.pi / 2
            self.heading += _shortest(aim - self.heading) * min(1.0, 4 * dt_s)


@dataclass(slots=True)
class Ball:
    """Keep a ball's place (3,) and velocity (3,); the centre is a radius over the floor."""

    radius: float
    area: Area
    place: NDArray[np.float64]
    velocity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))

    def kick(self, rng: np.random.Generator) -> None:
        """Send the ball off: mostly along the ground, sometimes into the air."""
        target = self.area.draw_point(rng) - self.place[:2]
        speed = rng.uniform(0.5, 6.0)
        along = target / max(float(np.hypot(*target)), 0.1) * speed
        lift = rng.uniform(2.0, 6.5) if rng.random() < 0.35 else 0.0
        self.velocity = np.array([along[0], along[1], lift])

    def advance(self, dt_s: float, rng: np.random.Generator) -> None:
        """Move on by a step; a ball at rest or out of the area is kicked now and then."""
        while dt_s > 0:
            step = min(dt_s, 0.05)
            self._move(step)
            dt_s -= step
            if float(np.hypot(*self.velocity[:2])) < 0.1 and rng.random() < 0.25 * step:
                self.kick(rng)

    def _move(self, dt_s: float) -> None:
        is_flying = self.place[2] > self.radius + 1e-3 or self.velocity[2] > 0.3
        if is_flying:
            self.velocity[2] -= _GRAVITY * dt_s
        else:
            speed = float(np.hypot(*self.velocity[:2]))
            self.velocity[:2] *= max(0.0, 1 - _ROLLING_FRICTION * dt_s / max(speed, 1e-3))
        self.place = self.place + self.velocity * dt_s
        if self.place[2] < self.radius:
            self.place[2] = self.radius
            self.velocity[2] = -self.velocity[2] * _BOUNCE if self.velocity[2] < -0.8 else 0.0
        limit = np.array([self.area.half_x, self.area.half_y])
        outside = np.abs(self.place[:2]) > limit
        self.velocity[:2] = np.where(
            outside, -np.sign(self.place[:2]) * np.abs(self.velocity[:2]) * _BOUNCE,
            self.velocity[:2],
        )
        self.place[:2] = np.clip(self.place[:2], -limit, limit)


def keep_apart(movers: list[Wanderer], clearance: float = 0.05) -> None:
    """Push apart those that overlap, in a fixed order."""
    for k, one in enumerate(movers):
        for other in movers[k + 1:]:
            way = other.place - one.place
            distance = float(np.hypot(*way))
            lacking = one.radius + other.radius + clearance - distance
            if lacking > 0:
                push = way / max(distance, 1e-3) * lacking / 2
                one.place = one.place - push
                other.place = other.place + push


def _shortest(angle: float) -> float:
    return float((angle + np.pi) % (2 * np.pi) - np.pi)
