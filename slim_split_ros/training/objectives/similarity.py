"""
How alike are two pictures in structure?

Source: Image Quality Assessment: From Error Visibility to Structural Similarity, Wang et al.,
IEEE Transactions on Image Processing 13(4), 2004, section III.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

WINDOW, DEVIATION = 11, 1.5  # of the Gaussian that weighs a pixel's surroundings
LUMINANCE, CONTRAST = 0.01, 0.03  # of the range of values: what is below does not matter
LUMA = (0.114, 0.587, 0.299)  # of blue, green and red. Source: ITU-R BT.601


def structural_similarity(first: Tensor, second: Tensor, value_range: float) -> Tensor:
    """
    Return how alike the brightness around each pixel is (N, 1, H - 10, W - 10), at most 1.

    Of pictures (N, 3, H, W), BGR, whose values span `value_range`; the outermost 5 pixels have no
    whole surroundings.
    """
    luma = torch.tensor(LUMA, device=first.device)[None, :, None, None]
    x = (first.float() * luma).sum(1, keepdim=True)
    y = (second.float() * luma).sum(1, keepdim=True)
    around = _blur(torch.cat([x, y, x * x, y * y, x * y], dim=1))
    mean_x, mean_y, square_x, square_y, product = around.split(1, dim=1)
    small_mean = (LUMINANCE * value_range) ** 2
    small_spread = (CONTRAST * value_range) ** 2
    means = (2 * mean_x * mean_y + small_mean) / (mean_x ** 2 + mean_y ** 2 + small_mean)
    spreads = (2 * (product - mean_x * mean_y) + small_spread) / (
        square_x - mean_x ** 2 + square_y - mean_y ** 2 + small_spread)
    return means * spreads


def _blur(maps: Tensor) -> Tensor:
    """Weigh each pixel's surroundings, channel by channel."""
    channels = maps.shape[1]
    places = torch.arange(WINDOW, device=maps.device) - WINDOW // 2
    weights = torch.exp(-places.float() ** 2 / (2 * DEVIATION ** 2))
    weights = (weights / weights.sum()).expand(channels, 1, WINDOW)
    rows = functional.conv2d(maps, weights[:, :, None, :], groups=channels)
    return functional.conv2d(rows, weights[:, :, :, None], groups=channels)
