"""
Which part of the latents keeps the picture itself? Coefficients of a blockwise linear transform.

A small network trained for hours keeps what things are but loses where exactly their edges run,
and thin things altogether; coefficients keep edges from the first step of training on.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from slim_split_ros.networks.config import LATENT_STRIDE, ModelConfig

# BGR to brightness and two colour differences, a row each. Source: ITU-R BT.601.
COLOURS = ((0.114, 0.587, 0.299), (0.5, -0.331, -0.169), (-0.081, -0.419, 0.5))
LUMA_SHARE = 0.75


def cosine_kernels(count: int) -> tuple[Tensor, Tensor]:
    """
    Return where training starts: DCT of brightness and colour, and its inverse.

    Both are (count, 3, 16, 16), lowest frequencies first, so that leading ones make a coarser
    picture of the same kind. The first coefficient is the mean of the block.
    """
    side = LATENT_STRIDE
    positions = (torch.arange(side) + 0.5) * math.pi / side
    waves = torch.cos(torch.arange(side)[:, None] * positions) * math.sqrt(2.0)
    waves[0] = 1.0
    frequencies = sorted(
        ((y, x) for y in range(side) for x in range(side)),
        key=lambda pair: (pair[0] ** 2 + pair[1] ** 2, pair))
    colours = torch.tensor(COLOURS)
    unmixed = torch.linalg.inv(colours)
    luma = iter([(0, pair) for pair in frequencies])
    chroma = iter([(colour, pair) for pair in frequencies for colour in (1, 2)])
    analysis, synthesis, lumas = [], [], 0
    for index in range(count):
        takes_luma = lumas + 1 <= LUMA_SHARE * (index + 1) or index == 0
        lumas += takes_luma
        colour, (y, x) = next(luma if takes_luma else chroma)
        wave = torch.outer(waves[y], waves[x])
        analysis.append(colours[colour, :, None, None] * wave / side ** 2)
        synthesis.append(unmixed[:, colour, None, None] * wave)
    return torch.stack(analysis), torch.stack(synthesis)


def interleave(learnt: Tensor, coefficients: Tensor, config: ModelConfig, index: int) -> Tensor:
    """Return latents (N, L, h, w) whose leading channels are those that narrower widths send."""
    sizes = _added_channels(config, index)
    parts = zip(learnt.split(sizes[::2], dim=1), coefficients.split(sizes[1::2], dim=1),
                strict=True)
    return torch.cat([part for pair in parts for part in pair], dim=1)


def separate(latent: Tensor, config: ModelConfig) -> tuple[Tensor, Tensor]:
    """Undo `interleave` on latents of the full width: return the learnt ones and coefficients."""
    parts = latent.split(_added_channels(config, len(config.widths) - 1), dim=1)
    return torch.cat(parts[::2], dim=1), torch.cat(parts[1::2], dim=1)


def _added_channels(config: ModelConfig, index: int) -> list[int]:
    """Return how many learnt latents and coefficients each width adds, by turns."""
    sizes, before = [], (0, 0)
    for width in config.widths[:index + 1]:
        counts = (config.learnt(width), config.coefficients(width))
        sizes += [counts[0] - before[0], counts[1] - before[1]]
        before = counts
    return sizes
