"""How many bits will learnt latents take? In training a prior says so, with a gradient."""

from __future__ import annotations

from dataclasses import dataclass
import math

import torch
from torch import Tensor

SYMBOL_LIMIT = 127  # int8, symmetric


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


def quantize_with_noise(latent: Tensor, log_scale: Tensor) -> Quantized:
    """
    Quantize latents (N, C, h, w) in steps of one, under priors of these scales (C,).

    Source: factorized prior with additive uniform noise, arXiv 1611.01704, section 3.
    """
    scaled = latent.clamp(-SYMBOL_LIMIT, SYMBOL_LIMIT)
    symbols = scaled.round().detach()
    noisy = scaled + torch.empty_like(scaled).uniform_(-0.5, 0.5)
    with torch.no_grad():
        symbol_bits = logistic_bits(symbols, log_scale)
    return Quantized(scaled + (symbols - scaled).detach(), logistic_bits(noisy, log_scale),
                     symbol_bits)


def logistic_bits(symbols: Tensor, log_scale: Tensor) -> Tensor:
    """Return the bits of each frame (N,) under a zero-mean logistic prior per channel (C,)."""
    scale = log_scale[:, None, None].exp()
    distance = symbols.abs().float()
    upper = torch.sigmoid((0.5 - distance) / scale)
    lower = torch.sigmoid((-0.5 - distance) / scale)
    probability = (upper - lower).clamp_min(2.0 ** -20)
    return -probability.log().sum(dim=(1, 2, 3)) / math.log(2.0)


def round_latent(latent: Tensor, gain: Tensor) -> Tensor:
    """Return int8 symbols (N, C, h, w) of latents under a gain (C,), as the robot does."""
    scaled = latent * gain[:, None, None]
    return scaled.round().clamp(-SYMBOL_LIMIT, SYMBOL_LIMIT).to(torch.int8)


def latent_of(symbols: Tensor, inverse_gain: Tensor) -> Tensor:
    """Return latents (N, C, h, w) of symbols under steps (N, C)."""
    return symbols.float() * inverse_gain[:, :, None, None]
