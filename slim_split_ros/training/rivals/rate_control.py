"""How much do bits weigh in the loss? As much as brings the mean payload to its target."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from slim_split_ros.networks.rivals.prior import Quantized

FIRST_RATE_WEIGHT = 4.0
RATE_WEIGHTS = (0.5, 40.0)  # least and most: a target that is out of reach must not drown the rest
CONTROL_STEPS = 100  # before the prior has settled its bits say little
CONTROL_GAIN = 0.015
SHARED_GAIN = 0.003  # of every weight at once: coarse rates are drawn too rarely to find theirs


def first_rate_weights(*shape: int) -> Tensor:
    """Return the logarithms of the weights that training starts with, one a width and rate."""
    return torch.full(shape, math.log(FIRST_RATE_WEIGHT))


def weigh_rate(quantized: Quantized, log_weights: Tensor, cell: tuple[int, int], pixels: int
               ) -> Tensor:
    """Return the weighted bits per pixel of what was sent at one width and rate."""
    return quantized.noisy_bits.mean() / pixels * log_weights[cell].exp()


def steer_rate(log_weights: Tensor, cell: tuple[int, int], bpp: float, target: float, step: int
               ) -> None:
    """Turn the weights (W, R) in place, until the symbols' bits per pixel meet their target."""
    if step < CONTROL_STEPS:
        return
    excess = math.log(max(bpp, 1e-6) / target)
    log_weights += SHARED_GAIN * excess
    log_weights[cell] += (CONTROL_GAIN - SHARED_GAIN) * excess
    log_weights.clamp_(*(math.log(limit) for limit in RATE_WEIGHTS))
