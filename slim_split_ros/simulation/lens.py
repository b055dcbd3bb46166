"""
Which ray does a pixel of the simulated camera see, and where is it rendered?

A fisheye lens of the equidistant family (OpenCV's `fisheye` model). The renderer only knows flat
pictures, so two of them, side by side along the image's long axis, are sampled through a lens map.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# The real cameras see about 75 degrees off axis before their image circle ends.
_WIDEST_ANGLE = np.radians(79.0)
# Bounds of a flat picture in units of its focal length; beyond them a ray counts as not seen.
_LARGEST_TANGENT = 2.6
_MARGIN_PIXELS = 3


@dataclass(frozen=True, slots=True)
class Lens:
    """
    Describe a fisheye lens: angle t off axis falls at radius focal * (t + k1 t^3 + k2 t^5).

    `circle_radius` is where the image circle ends, in pixels; `circle_edge` is how softly.
    """

    width: int
    height: int
    focal: float
    centre_x: float
    centre_y: float
    k1: float
    k2: float
    circle_radius: float
    circle_edge: float

    @property
    def camera_matrix(self) -> NDArray[np.float64]:
        """Return the intrinsic matrix, float64 (3, 3)."""
        return np.array([
            [self.focal, 0.0, self.centre_x],
            [0.0, self.focal, self.centre_y],
            [0.0, 0.0, 1.0],
        ])

    @property
    def distortion(self) -> NDArray[np.float64]:
        """Return k1 to k4 of ROS's `equidistant` model (OpenCV's `fisheye`), float64 (4,)."""
        return np.array([self.k1, self.k2, 0.0, 0.0])


@dataclass(frozen=True, slots=True)
class Face:
    """Describe one flat picture: where it looks, and half its extent per unit of focal length."""

    heading_deg: float
    pitch_deg: float
    half_width: float
    half_height: float


@dataclass(frozen=True, slots=True)
class LensMap:
    """
    Say for each pixel where in the two stacked flat pictures its ray falls.

    `map_x`, `map_y` are float32 (H, W) positions; `light` is float32 (H, W), the share of light
    that the lens lets through, 0 where nothing is seen.
    """

    faces: tuple[Face, Face]
    map_x: NDArray[np.float32]
    map_y: NDArray[np.float32]
    light: NDArray[np.float32]

    def sample_picture(self, stacked: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the distorted picture, uint8 (H, W, 3), interpolated."""
        return cv2.remap(stacked, self.map_x, self.map_y, cv2.INTER_LINEAR)

    def sample_identities(self, stacked: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the distorted identities, uint8 (H, W): nearest neighbour, 0 where it is dark."""
        identities = cv2.remap(stacked, self.map_x, self.map_y, cv2.INTER_NEAREST)
        identities[self.light < _VISIBLE_LIGHT] = 0
        return identities


# Below this share of light a person labelling the picture would see black.
_VISIBLE_LIGHT = 0.3


def random_lens(rng: np.random.Generator, width: int, height: int) -> Lens:
    """Draw a lens like those of the league's robots: mostly very wide with black corners."""
    long_side = max(width, height)
    has_circle = rng.random() < 0.8
    share = rng.uniform(0.36, 0.43) if has_circle else rng.uniform(0.49, 0.60)
    radius = long_side * (rng.uniform(0.50, 0.54) if has_circle else 2.0)
    return Lens(
        width=width,
        height=height,
        focal=float(long_side * share),
        centre_x=float(width * (0.5 + rng.normal(0.0, 0.012))),
        centre_y=float(height * (0.5 + rng.normal(0.0, 0.012))),
        k1=float(rng.uniform(-0.04, 0.02)),
        k2=0.0,
        circle_radius=float(radius),
        circle_edge=float(long_side * rng.uniform(0.008, 0.05)),
    )


def face_size(width: int, height: int) -> tuple[int, int]:
    """
    Return width and height of one flat picture for images of a size.

    Chosen so that the sharpest part of the image is rendered with about 1.4 times its pixels.
    """
    along = 2 * round(0.42 * max(width, height))
    across = 2 * round(1.35 * min(width, height))
    return (across, along) if height >= width else (along, across)


def map_lens(lens: Lens) -> LensMap:
    """Compute the lens map; a few milliseconds, once per camera."""
    rays, angle = _pixel_rays(lens)
    is_portrait = lens.height >= lens.width
    axis = 1 if is_portrait else 0
    reach = min(max(lens.width, lens.height) / 2 / lens.focal, _WIDEST_ANGLE)
    tilt_deg = float(np.degrees(reach) / 2)
    directions = (
        ((0.0, tilt_deg), (0.0, -tilt_deg)) if is_portrait else ((tilt_deg, 0.0), (-tilt_deg, 0.0))
    )
    chooses_first = rays[..., axis] < 0.0  # above the centre, or left of it
    face_width, face_height = face_size(lens.width, lens.height)
    seen = angle < _WIDEST_ANGLE
    first, second = (_flat_positions(rays, *direction) for direction in directions)
    x = np.where(chooses_first, first[..., 0], second[..., 0])
    y = np.where(chooses_first, first[..., 1], second[..., 1])
    seen &= np.hypot(x, y) < _LARGEST_TANGENT
    half_width = float(np.abs(x[seen]).max()) * (1 + 2 * _MARGIN_PIXELS / face_width)
    half_height = float(np.abs(y[seen]).max()) * (1 + 2 * _MARGIN_PIXELS / face_height)
    map_x = (x / half_width + 1) / 2 * face_width - 0.5
    map_y = (y / half_height + 1) / 2 * face_height - 0.5
    map_y = map_y + np.where(chooses_first, 0, face_height)
    return LensMap(
        faces=(
            Face(*directions[0], half_width, half_height),
            Face(*directions[1], half_width, half_height),
        ),
        map_x=np.where(seen, map_x, -9).astype(np.float32),
        map_y=np.where(seen, map_y, -9).astype(np.float32),
        light=_image_circle(lens) * seen.astype(np.float32),
    )


def _pixel_rays(lens: Lens) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return unit rays (H, W, 3) as right, down, ahead, and their angles off axis (H, W)."""
    x = (np.arange(lens.width) - lens.centre_x) / lens.focal
    y = (np.arange(lens.height) - lens.centre_y) / lens.focal
    x, y = np.meshgrid(x, y)
    radius = np.hypot(x, y)
    angles = np.linspace(0.0, 2.2, 2000)
    radii = angles + lens.k1 * angles**3 + lens.k2 * angles**5
    angle = np.interp(radius, np.maximum.accumulate(radii), angles)
    scale = np.sin(angle) / np.maximum(radius, 1e-9)
    return np.stack([x * scale, y * scale, np.cos(angle)], axis=-1), angle


def _flat_positions(
    rays: NDArray[np.float64], heading_deg: float, pitch_deg: float
) -> NDArray[np.float64]:
    """Return positions (H, W, 2), right and down, in a flat picture of focal length one."""
    heading, pitch = np.radians(heading_deg), np.radians(pitch_deg)
    right, down, ahead = rays[..., 0], rays[..., 1], rays[..., 2]
    # A positive heading turns left, a positive pitch up, as in Panda3D.
    right, ahead = (
        right * np.cos(heading) + ahead * np.sin(heading),
        ahead * np.cos(heading) - right * np.sin(heading),
    )
    down, ahead = (
        down * np.cos(pitch) + ahead * np.sin(pitch),
        ahead * np.cos(pitch) - down * np.sin(pitch),
    )
    ahead = np.where(ahead > 0.05, ahead, np.nan)
    return np.nan_to_num(np.stack([right / ahead, down / ahead], axis=-1), nan=1e3)


def _image_circle(lens: Lens) -> NDArray[np.float32]:
    x = np.arange(lens.width) - lens.centre_x
    y = np.arange(lens.height) - lens.centre_y
    radius = np.hypot(x[None, :], y[:, None])
    ramp = np.clip((lens.circle_radius - radius) / lens.circle_edge + 0.5, 0.0, 1.0)
    return (ramp * ramp * (3 - 2 * ramp)).astype(np.float32)
