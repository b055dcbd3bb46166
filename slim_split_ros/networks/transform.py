"""
What of a picture is sent? Coefficients of a blockwise linear transform, as JPEG does.

Learnt latents beside them were tried, and held nothing that these did not (`docs/experiments.md`);
which coefficients a cell sends, and how finely, is what the encoder's network decides.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from slim_split_ros.networks.config import LATENT_STRIDE, MEANS

# BGR to brightness and two colour differences, a row each. Source: ITU-R BT.601.
COLOURS = ((0.114, 0.587, 0.299), (0.5, -0.331, -0.169), (-0.081, -0.419, 0.5))
LUMA_SHARE = 0.75


def cosine_kernels(count: int) -> tuple[Tensor, Tensor]:
    """
    Return DCT kernels of brightness and colour, and those that undo them.

    Both are (count, 3, 16, 16): the means of a block first, then rising frequencies, so that
    leading coefficients make a coarser picture of the same kind.
    """
    side, waves = LATENT_STRIDE, cosine_waves()
    colours = torch.tensor(COLOURS)
    unmixed = torch.linalg.inv(colours)
    analysis, synthesis = [], []
    for colour, y, x in coefficient_order(count):
        wave = torch.outer(waves[y], waves[x])
        analysis.append(colours[colour, :, None, None] * wave / side ** 2)
        synthesis.append(unmixed[:, colour, None, None] * wave)
    return torch.stack(analysis), torch.stack(synthesis)


def cosine_waves() -> Tensor:
    """Return the waves of a DCT (16, 16), a row a frequency, the constant first."""
    side = LATENT_STRIDE
    positions = (torch.arange(side) + 0.5) * math.pi / side
    waves = torch.cos(torch.arange(side)[:, None] * positions) * math.sqrt(2.0)
    waves[0] = 1.0
    return waves


def coefficient_order(count: int) -> list[tuple[int, int, int]]:
    """Return colour and frequencies of each coefficient; three in four are of brightness."""
    side = LATENT_STRIDE
    rising = sorted(((y, x) for y in range(side) for x in range(side)),
                    key=lambda pair: (pair[0] ** 2 + pair[1] ** 2, pair))[1:]
    luma = iter([(0, *pair) for pair in rising])
    chroma = iter([(colour, *pair) for pair in rising for colour in (1, 2)])
    order = [(colour, 0, 0) for colour in range(MEANS)]
    lumas = 1
    while len(order) < count:
        takes_luma = lumas + 1 <= LUMA_SHARE * (len(order) + 1)
        lumas += takes_luma
        order.append(next(luma if takes_luma else chroma))
    return order[:count]


def lower_frequencies(count: int) -> list[list[int]]:
    """
    Return for each coefficient the numbers of those that are most like it: one or two steps lower.

    Of the same colour, and without the means, whose size says nothing of the others'.
    """
    order = coefficient_order(count)
    number_of = {place: number for number, place in enumerate(order)}
    steps = ((1, 0), (0, 1), (1, 1), (2, 0), (0, 2))
    return [[number for dy, dx in steps
             if MEANS <= (number := number_of.get((colour, y - dy, x - dx), -1))]
            for colour, y, x in order]
