"""
How do latents become small integers, and how many bits will those take?

The step of a rate is a gain per channel: symbols are round(latent * gain). The prior exists for
training alone, where bits need a gradient; coders use tables counted from symbols.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from slim_split_ros.networks.config import ModelConfig
from slim_split_ros.networks.transform import interleave

SYMBOL_LIMIT = 127  # int8, symmetric
# Of learnt latents at rate 0 and from one rate to the next: few bits, worth keeping at every rate.
LEARNT_GAIN, LEARNT_STEP = 0.5, 0.87
# Of the transform's coefficients, which already have a gain of their width.
COEFFICIENT_GAIN, COEFFICIENT_STEP = 1.0, 0.6


@dataclass(frozen=True, slots=True)
class Quantized:
    """
    Hold what quantizing a batch gives.

    Bits under noise have a gradient but overestimate: values well inside a step are spread over
    two. On sparse latents they came out four times as many as those of the symbols.
    """

    latent: Tensor  # N, C, h, w: rounded forward, the identity backward
    noisy_bits: Tensor  # N: of the latents under uniform noise
    symbol_bits: Tensor  # N: of the symbols, without gradient


class Quantizer(nn.Module):
    """
    Round latents with a step per rate and channel, and estimate the bits of the result.

    Source: gain units, arXiv 2003.02012, section 3; factorized prior with additive uniform noise,
    arXiv 1611.01704, section 3.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        # Not learnt: rounding hides from a gradient what a coarser step costs, while bits pull
        # every gain down. The encoder scales its latents by its last layer instead.
        self.register_buffer('log_gain', gain_ladder(config).log())  # R, L
        self.log_scale = nn.Parameter(
            torch.zeros(len(config.widths), config.rates, config.latent_channels))  # W, R, L

    def gain(self, rate: int) -> Tensor:
        """Return the gain of each latent channel (L,) at `rate`."""
        return self.log_gain[rate].exp()

    def forward(self, latent: Tensor, width_index: int, rate: int) -> Quantized:
        """Quantize latents (N, C, h, w) of one width at one rate."""
        count = latent.shape[1]
        return quantize_with_noise(
            latent, self.gain(rate)[:count], self.log_scale[width_index, rate, :count])


def quantize_with_noise(latent: Tensor, gain: Tensor, log_scale: Tensor) -> Quantized:
    """Quantize latents (N, C, h, w) with gains (C,) under priors of these scales (C,)."""
    gain = gain[:, None, None]
    scaled = (latent * gain).clamp(-SYMBOL_LIMIT, SYMBOL_LIMIT)
    symbols = scaled.round().detach()
    noisy = scaled + torch.empty_like(scaled).uniform_(-0.5, 0.5)
    with torch.no_grad():
        symbol_bits = logistic_bits(symbols, log_scale)
    return Quantized((scaled + (symbols - scaled).detach()) / gain,
                     logistic_bits(noisy, log_scale), symbol_bits)


def logistic_bits(symbols: Tensor, log_scale: Tensor) -> Tensor:
    """Return the bits of each frame (N,) under a zero-mean logistic prior per channel (C,)."""
    scale = log_scale[:, None, None].exp()
    distance = symbols.abs().float()
    upper = torch.sigmoid((0.5 - distance) / scale)
    lower = torch.sigmoid((-0.5 - distance) / scale)
    probability = (upper - lower).clamp_min(2.0 ** -20)
    return -probability.log().sum(dim=(1, 2, 3)) / math.log(2.0)


def gain_ladder(config: ModelConfig) -> Tensor:
    """Return the gain of every rate and latent channel (R, L)."""
    learnt = torch.full((1, config.learnt(1.0), 1, 1), LEARNT_GAIN)
    coefficients = torch.full((1, config.coefficients(1.0), 1, 1), COEFFICIENT_GAIN)
    rows = [interleave(learnt * LEARNT_STEP ** rate, coefficients * COEFFICIENT_STEP ** rate,
                       config, len(config.widths) - 1).flatten() for rate in range(config.rates)]
    return torch.stack(rows)


def quantize(latent: Tensor, gain: Tensor) -> Tensor:
    """Return int8 symbols (N, C, h, w) of latents under a gain (C,), as the robot does."""
    scaled = latent * gain[:, None, None]
    return scaled.round().clamp(-SYMBOL_LIMIT, SYMBOL_LIMIT).to(torch.int8)


def dequantize(symbols: Tensor, inverse_gain: Tensor) -> Tensor:
    """Return float latents (N, L, h, w) of symbols under (N, L), zero where nothing was sent."""
    return symbols.float() * inverse_gain[:, :, None, None]


def pad_channels(latent: Tensor, channels: int) -> Tensor:
    """Append zero channels (N, channels, h, w) in place of those that a width does not send."""
    return functional.pad(latent, (0, 0, 0, 0, 0, channels - latent.shape[1]))
