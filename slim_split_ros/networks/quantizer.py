"""How do coefficients become small integers, and integers coefficients again?"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from slim_split_ros.networks.config import MEANS, ModelConfig

SYMBOL_LIMIT = 127  # int8, symmetric
# Added before a value is cut to an integer. Below one half, values between two symbols take the
# smaller, cheaper one more often; means, whose differences are coded, gain nothing by that.
ROUND_UP = 0.2
ROUND_UP_MEANS = 0.5
SIGN_SLOPE = 1e6


def rate_gain(config: ModelConfig, width: float, rate: int) -> Tensor:
    """
    Return the gain of each latent channel (L,).

    All are alike; that of levels says how much likelier cells are to be taken for objects.
    """
    gain = config.rate_gains[config.widths.index(width)][rate]
    return torch.full((config.latent_channels,), gain)


def quantize(scaled: Tensor) -> Tensor:
    """Return symbols, still as floats, of coefficients (N, C, h, w) in units of their step."""
    return round_symbols(scaled, roundings(scaled.shape[1]).to(scaled.device)).trunc()


def roundings(count: int) -> Tensor:
    """Return what the size of each coefficient (count, 1, 1) grows by before it is cut."""
    return torch.where(torch.arange(count) < MEANS, ROUND_UP_MEANS, ROUND_UP)[:, None, None]


def round_symbols(scaled: Tensor, grown: Tensor) -> Tensor:
    """Return numbers (N, C, h, w) within int8 whose integer parts are the symbols."""
    # A steep ramp for the sign, which ONNX Runtime computes ten times slower; where the two
    # differ, the symbol is 0 anyway.
    sign = (scaled * SIGN_SLOPE).clamp(-1.0, 1.0)
    return (scaled + sign * grown).clamp(-SYMBOL_LIMIT, SYMBOL_LIMIT)


def pad_channels(symbols: Tensor, channels: int) -> Tensor:
    """Append zero channels (N, channels, h, w) in place of those that a width does not send."""
    return functional.pad(symbols, (0, 0, 0, 0, 0, channels - symbols.shape[1]))
