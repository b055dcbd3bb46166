"""Tests of the linear transform: what its coefficients say of a picture."""

from __future__ import annotations

import pytest

torch = pytest.importorskip('torch')

from slim_split_ros.networks.config import LATENT_STRIDE  # noqa: E402
from slim_split_ros.networks.transform import cosine_kernels  # noqa: E402

pytestmark = pytest.mark.torch
functional = torch.nn.functional
ALL_BRIGHTNESS = 342  # coefficients, of which 256 are of brightness


def through(picture: torch.Tensor, count: int) -> torch.Tensor:
    """Return the picture that `count` coefficients keep."""
    analysis, synthesis = cosine_kernels(count)
    coefficients = functional.conv2d(picture, analysis, stride=LATENT_STRIDE)
    return functional.conv_transpose2d(coefficients, synthesis, stride=LATENT_STRIDE)


def test_the_first_coefficient_is_the_mean_brightness_of_a_block() -> None:
    analysis, _ = cosine_kernels(1)
    picture = torch.full((1, 3, 16, 32), 2.0)
    picture[..., 16:] = -1.0
    coefficients = functional.conv2d(picture, analysis, stride=LATENT_STRIDE)
    assert coefficients.flatten().tolist() == pytest.approx([2.0, -1.0], abs=1e-5)


def test_all_coefficients_of_brightness_give_a_grey_picture_back() -> None:
    grey = torch.randn(1, 1, 16, 32, generator=torch.Generator().manual_seed(1))
    picture = grey.expand(1, 3, 16, 32)
    assert torch.allclose(through(picture, ALL_BRIGHTNESS), picture, atol=1e-3)


def test_more_coefficients_leave_less_error() -> None:
    picture = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    errors = [(through(picture, count) - picture).pow(2).mean().item()
              for count in (4, 16, 64, 256)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.8 * errors[0]


def test_coefficients_of_a_narrow_width_are_the_leading_ones_of_a_wide_one() -> None:
    few, many = cosine_kernels(16)[0], cosine_kernels(64)[0]
    assert torch.equal(few, many[:16])
