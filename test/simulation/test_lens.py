"""Do the lens map and the intrinsics that camera_info carries describe the same camera?"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from slim_split_ros.simulation import Hall
from slim_split_ros.simulation.lens import Lens, face_size, map_lens, random_lens

_SIZES = [(640, 480), (456, 600)]


def _stacked_rays(lens: Lens) -> tuple[np.ndarray, np.ndarray]:
    """Return rays (N, 3), right, down, ahead, of a grid of pixels and the pixels (N, 2)."""
    lens_map = map_lens(lens)
    face_width, face_height = face_size(lens.width, lens.height)
    rays, pixels = [], []
    for y in range(0, lens.height, 17):
        for x in range(0, lens.width, 17):
            if lens_map.map_x[y, x] < 0:
                continue
            row = float(lens_map.map_y[y, x])
            number = int(row >= face_height - 0.5)
            face = lens_map.faces[number]
            right = ((lens_map.map_x[y, x] + 0.5) / face_width * 2 - 1) * face.half_width
            down = ((row - number * face_height + 0.5) / face_height * 2 - 1) * face.half_height
            pitch, heading = np.radians(face.pitch_deg), np.radians(face.heading_deg)
            down, ahead = (down * np.cos(pitch) - np.sin(pitch),
                           np.cos(pitch) + down * np.sin(pitch))
            right, ahead = (right * np.cos(heading) - ahead * np.sin(heading),
                            ahead * np.cos(heading) + right * np.sin(heading))
            rays.append((right, down, ahead))
            pixels.append((x, y))
    return np.array(rays, np.float64), np.array(pixels, np.float64)


@pytest.mark.parametrize(('width', 'height'), _SIZES)
def test_rays_project_to_their_pixels_with_opencvs_fisheye_model(width: int, height: int) -> None:
    """What camera_info says and what the picture shows agree to a tenth of a pixel."""
    for seed in range(4):
        lens = random_lens(np.random.default_rng(seed), width, height)
        rays, pixels = _stacked_rays(lens)
        ahead = rays[:, 2] > 0.2 * np.linalg.norm(rays, axis=1)

        projected, _ = cv2.fisheye.projectPoints(
            rays[ahead][None], np.zeros(3), np.zeros(3), lens.camera_matrix, lens.distortion
        )

        assert ahead.sum() > 300
        assert np.abs(projected[0] - pixels[ahead]).max() < 0.1


@pytest.mark.parametrize(('width', 'height'), _SIZES)
def test_identities_and_picture_are_sampled_at_the_same_places(width: int, height: int) -> None:
    """A box around distorted identities is the box of the distorted picture, to a pixel."""
    lens = random_lens(np.random.default_rng(3), width, height)
    lens_map = map_lens(lens)
    face_width, face_height = face_size(width, height)
    stacked = np.zeros((2 * face_height, face_width), np.uint8)
    middle = face_width // 2
    stacked[face_height // 3:face_height // 2, middle - 60:middle + 40] = 255

    picture = lens_map.sample_picture(cv2.merge([stacked] * 3))[..., 0] > 127
    identities = lens_map.sample_identities(stacked) > 0
    picture[lens_map.light < 0.3] = False

    assert identities.sum() > 500
    for axis in (0, 1):
        ends = [np.flatnonzero(mask.any(axis=axis))[[0, -1]] for mask in (picture, identities)]
        assert np.abs(ends[0] - ends[1]).max() <= 1


def test_dark_corners_hold_no_identities() -> None:
    """What the lens does not light is not labelled."""
    lens = Lens(456, 600, 228.0, 228.0, 300.0, 0.0, 0.0, 280.0, 10.0)
    lens_map = map_lens(lens)
    face_width, face_height = face_size(456, 600)

    identities = lens_map.sample_identities(np.full((2 * face_height, face_width), 7, np.uint8))

    assert identities[0, 0] == 0 and identities[-1, -1] == 0
    assert identities[300, 228] == 7


def test_hall_hands_out_the_intrinsics_of_its_lens() -> None:
    """Shapes are those of camera_info's k and d of the equidistant model."""
    hall = Hall(2, 320, 240)

    assert hall.camera_matrix.shape == (3, 3) and hall.distortion.shape == (4,)
    assert hall.camera_matrix[0, 0] > 0 and hall.camera_matrix[2, 2] == 1
    assert abs(hall.camera_matrix[0, 2] - 160) < 20
