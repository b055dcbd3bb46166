"""
How finely does a cell send its coefficients? By its level: 0 is scenery, 2 small things.

The encoder's network gives each cell of 16x16 pixels two chances, that a part of an object lies
there and that it is a small one, and thresholds make them a level. Levels are sent too.
"""

from __future__ import annotations

import torch
from torch import Tensor

from slim_split_ros.networks.config import MEANS, ModelConfig

SMALL_SIDE = 48.0  # input pixels, root of the area: larger objects bear coarser coefficients


def choose_levels(importance: Tensor, config: ModelConfig) -> Tensor:
    """
    Return the levels (N, 1, h, w), as floats, of two logits a cell (N, 2, h, w).

    The first is of any object, the second of a small one.
    """
    any_object, small = (torch.logit(torch.tensor(chance)).item()
                         for chance in config.level_thresholds)
    is_small = (importance[:, 1:2] > small).float()
    return 2.0 * is_small + (1.0 - is_small) * (importance[:, 0:1] > any_object).float()


def level_counts(config: ModelConfig, count: int) -> list[int]:
    """Return how many of a width's `count` coefficients cells of each level send."""
    return [max(MEANS, round(share * count)) for share in config.level_shares]


def coefficient_scale(levels: Tensor, config: ModelConfig, count: int) -> Tensor:
    """Return what coefficients (N, count, h, w) are scaled by, 0 where a level sends none."""
    numbers = torch.arange(count, device=levels.device)
    rows = []
    for gain, sent in zip(config.level_gains, level_counts(config, count), strict=True):
        gains = torch.where(numbers < MEANS, config.mean_gain, gain)
        rows.append(gains * (numbers < sent).float())
    return _spread(levels, torch.stack(rows))


def inverse_scale(levels: Tensor, config: ModelConfig, count: int) -> Tensor:
    """Return what undoes it (N, count, h, w), for coefficients that were sent."""
    means = torch.arange(count, device=levels.device) < MEANS
    return _spread(levels, torch.stack(
        [torch.where(means, 1.0 / config.mean_gain, 1.0 / gain) for gain in config.level_gains]))


def _spread(levels: Tensor, table: Tensor) -> Tensor:
    """Look up rows of (levels, C) by levels (N, 1, h, w); return (N, C, h, w)."""
    return torch.nn.functional.conv2d(
        one_hot_levels(levels, len(table)), table.T[:, :, None, None])


def one_hot_levels(levels: Tensor, count: int) -> Tensor:
    """Return 1 in the channel of each cell's level, of (N, 1, h, w) as floats (N, count, h, w)."""
    numbers = torch.arange(count, device=levels.device, dtype=levels.dtype)
    return (levels == numbers[:, None, None]).float()
