"""
What does an Entropic Student send? Latents of one wide, plain encoder under a learnt prior.

Source: Supervised compression for resource-constrained edge computing systems (WACV 2022),
arXiv 2108.11898: 5x5 convolutions of stride 2 with generalized divisive normalization. Channels
are those of the variant measured beside the founding paper (64, 32, 16); the last convolution
has a stride of 2 here, as the detector's features lie at stride 8.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from slim_split_ros.networks.rivals.prior import Quantized, quantize_with_noise

CHANNELS = (64, 32)
LATENT_CHANNELS = 16
LATENT_STRIDE = 8
DECODER_CHANNELS = (192, 96)
PARAMETER_FLOOR = 1e-6  # keeps the divisor positive


class EntropicCodec(nn.Module):
    """Hold encoder, prior and decoder; one width, one rate."""

    def __init__(self, features: int) -> None:
        super().__init__()
        first, second = CHANNELS
        self.encoder = nn.Sequential(
            nn.Conv2d(3, first, 5, 2, 2, bias=False), DivisiveNorm(first),
            nn.Conv2d(first, second, 5, 2, 2, bias=False), DivisiveNorm(second),
            nn.Conv2d(second, LATENT_CHANNELS, 5, 2, 2),
        )
        self.log_scale = nn.Parameter(torch.zeros(LATENT_CHANNELS))
        wide, narrow = DECODER_CHANNELS
        self.decoder = nn.Sequential(
            nn.Conv2d(LATENT_CHANNELS, wide, 3, 1, 1), DivisiveNorm(wide, inverse=True),
            nn.Conv2d(wide, narrow, 3, 1, 1), DivisiveNorm(narrow, inverse=True),
            nn.Conv2d(narrow, features, 3, 1, 1),
        )

    def forward(self, image: Tensor) -> tuple[Tensor, Quantized]:
        """Map normalized (N, 3, H, W) to decoded features (N, C, H/8, W/8) and what was sent."""
        latent = self.encoder(image).float()
        sent = quantize_with_noise(latent, self.log_scale)
        return self.decoder(sent.latent), sent


class DivisiveNorm(nn.Module):
    """
    Divide by, or multiply with, a weighted sum of all channels' magnitudes.

    Source: the simplified form of generalized divisive normalization, arXiv 1912.08771,
    section 3: x / (beta + gamma |x|).
    """

    def __init__(self, channels: int, *, inverse: bool = False) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.ones(channels))
        self.gamma = nn.Parameter(0.1 * torch.eye(channels))
        self.inverse = inverse

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        beta = self.beta.clamp_min(PARAMETER_FLOOR)
        gamma = self.gamma.clamp_min(0.0)[:, :, None, None]
        norm = functional.conv2d(x.abs(), gamma, beta)
        return x * norm if self.inverse else x / norm
