"""
How finely does a cell send its coefficients? By its level: 0 is scenery, 2 small things.

The encoder's network gives each cell of 16x16 pixels two chances, that a part of an object lies
there and that it is a small one, and thresholds make them a level. Levels are sent too.
"""

from __future__ import annotations

import torch
from torch import Tensor

from slim_split_ros.networks.config import MEANS, ModelConfig

SMALL_SIDE = 28.0  # input pixels, root of the area: larger objects bear coarser coefficients


def choose_levels(importance: Tensor, config: ModelConfig, odds_gain: Tensor) -> Tensor:
    """
    Return the levels (N, 1, h, w), as floats, of two logits a cell (N, 2, h, w).

    The first is of any object, the second of a small one. `odds_gain`, () or (N,), multiplies the
    odds of both: with more bytes to spend, less likely cells are worth theirs.
    """
    has_object, has_small = reached_levels(importance, config, odds_gain)
    return has_object + has_small


def reached_levels(importance: Tensor, config: ModelConfig, odds_gain: Tensor
                   ) -> tuple[Tensor, Tensor]:
    """Return 1 where cells have at least level 1 and where they have level 2, (N, 1, h, w)."""
    thresholds = torch.logit(torch.tensor(config.level_thresholds, device=importance.device))
    lowered = thresholds[:, None, None] - odds_gain.log().reshape(-1, 1, 1, 1)
    has_object, has_small = (importance > lowered).float().split(1, dim=1)
    return torch.maximum(has_object, has_small), has_small


def level_counts(config: ModelConfig, width: float) -> list[int]:
    """Return how many of a width's coefficients cells of each level send."""
    most = config.coefficients(width)
    return [min(max(MEANS, round(share * width * config.coefficient_channels)), most)
            for share in config.level_shares]


def coefficient_scale(levels: Tensor, config: ModelConfig, width: float) -> Tensor:
    """Return what a width's coefficients (N, C, h, w) are scaled by, 0 where none are sent."""
    return _spread(levels, scale_table(config, width).to(levels.device))


def scale_table(config: ModelConfig, width: float) -> Tensor:
    """Return what a width's coefficients (levels, C) are scaled by in cells of each level."""
    numbers = torch.arange(config.coefficients(width))
    return torch.stack([
        torch.where(numbers < MEANS, config.mean_gain, gain) * (numbers < sent).float()
        for gain, sent in zip(config.level_gains, level_counts(config, width), strict=True)])


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
