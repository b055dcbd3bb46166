"""How do coefficients become small integers, and integers coefficients again?"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from slim_split_ros.networks.config import MEANS, ModelConfig

SYMBOL_LIMIT = 127  # int8, symmetric
RATE_STEP = 0.6  # of the gain, from one rate to the next coarser
# Added before a value is cut to an integer. Below one half, values between two symbols take the
# smaller, cheaper one more often; means, whose differences are coded, gain nothing by that.
ROUND_UP = 0.2
ROUND_UP_MEANS = 0.5


def rate_gain(config: ModelConfig, rate: int) -> Tensor:
    """Return the gain of each latent channel (L,): 1 for levels, alike for coefficients."""
    gain = torch.full((config.latent_channels,), RATE_STEP ** rate)
    gain[0] = 1.0
    return gain


def quantize(scaled: Tensor) -> Tensor:
    """Return symbols, still as floats, of coefficients (N, C, h, w) in units of their step."""
    is_mean = torch.arange(scaled.shape[1], device=scaled.device) < MEANS
    round_up = torch.where(is_mean, ROUND_UP_MEANS, ROUND_UP)[:, None, None]
    symbols = scaled.sign() * (scaled.abs() + round_up).floor()
    return symbols.clamp(-SYMBOL_LIMIT, SYMBOL_LIMIT)


def pad_channels(symbols: Tensor, channels: int) -> Tensor:
    """Append zero channels (N, channels, h, w) in place of those that a width does not send."""
    return functional.pad(symbols, (0, 0, 0, 0, 0, channels - symbols.shape[1]))
