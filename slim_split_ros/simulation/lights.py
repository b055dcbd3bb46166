"""
How bright is it where? Lamps over the hall, and the light they leave at a point.

The renderer has no light per pixel and at most 16 lamps, so floor and walls carry this light in
their corners and moving objects as a scale.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Lamps:
    """
    Keep lamp positions (n, 3) in metres and their common behaviour.

    `ambient` is the share of light that is the same everywhere; `reach` is a lamp's reach in
    units of its height; `gain` makes the mean over the field 1.
    """

    positions: NDArray[np.float64]
    is_strip: bool
    ambient: float
    reach: float
    gain: float

    def light_at(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the light (n,) at points (n, 3); about 1 on the field."""
        return self.ambient + (1 - self.ambient) * self.gain * self._from_lamps(points)

    def _from_lamps(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        height = self.positions[:, 2].mean() * self.reach
        offset = points[:, None, :] - self.positions[None, :, :]
        return (1 / (1 + (offset**2).sum(-1) / height**2) ** 1.5).sum(-1)


def random_lamps(
    rng: np.random.Generator, half_length: float, half_width: float, height: float
) -> Lamps:
    """Hang lamps in rows, with some jitter and some broken."""
    columns, rows = int(rng.integers(3, 8)), int(rng.integers(2, 6))
    x = np.linspace(-1, 1, columns) * half_length * 0.85
    y = np.linspace(-1, 1, rows) * half_width * 0.85
    positions = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    positions = positions + rng.normal(0, 0.3, positions.shape)
    positions = positions[rng.random(len(positions)) < rng.uniform(0.7, 1.01)]
    if len(positions) == 0:
        positions = np.zeros((1, 2))
    hang = np.full((len(positions), 1), height - rng.uniform(0.1, 1.2))
    bare = Lamps(np.hstack([positions, hang]), bool(rng.random() < 0.5),
                 float(rng.uniform(0.2, 0.7)), float(rng.uniform(0.4, 1.1)), 1.0)
    field = np.stack(np.meshgrid(x, y, [0.0]), -1).reshape(-1, 3)
    mean = float(bare._from_lamps(field).mean())
    return Lamps(bare.positions, bare.is_strip, bare.ambient, bare.reach, 1 / mean)
