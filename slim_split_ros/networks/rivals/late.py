"""
What does a late cut send? The detector's own features at stride 16, squeezed to a few channels.

The robot runs the first half of the detector as it was trained, and a learnt 1x1 convolution.
Source: Splittable DNN-based object detector for edge-cloud collaborative real-time video
inference (2021), its cut after the layers at stride 16.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from slim_split_ros.networks.backbone import STAGES_TO_16, level_channels, stage_blocks
from slim_split_ros.networks.layers import ConvNormAct, CrossStage, Residual

LATENT_CHANNELS = 8
DECODER_CHANNELS = (128, 64)  # at strides 16 and 8
LATENT_STRIDE = 16
SYMBOL_LIMIT = 127  # 8 bits, symmetric


class LateCodec(nn.Module):
    """Hold the detector's stage at stride 16, the bottleneck and the way back to stride 8."""

    def __init__(self, backbone_width: float) -> None:
        super().__init__()
        features, middle, _ = level_channels(backbone_width)
        coarse, fine = DECODER_CHANNELS
        self.stage16 = stage_blocks(features, STAGES_TO_16, backbone_width)
        self.bottleneck = nn.Conv2d(middle, LATENT_CHANNELS, 1)
        self.decoder = nn.Sequential(
            nn.Conv2d(LATENT_CHANNELS, coarse, 1), Residual(coarse), Residual(coarse),
            ConvNormAct(coarse, 4 * fine, kernel=1), nn.PixelShuffle(2),
            CrossStage(fine, fine, blocks=1), nn.Conv2d(fine, features, 1))

    def encode(self, features: Tensor) -> Tensor:
        """Map the stem's features (N, C, H/8, W/8) to latents (N, 8, H/16, W/16) in -1 to 1."""
        return self.bottleneck(self.stage16(features)).float().tanh()

    def forward(self, features: Tensor) -> Tensor:
        """Map the stem's features (N, C, h, w) to decoded ones of the same shape."""
        latent = self.encode(features)
        rounded = (latent * SYMBOL_LIMIT).round() / SYMBOL_LIMIT
        return self.decoder(latent + (rounded - latent).detach())


def quantize(latent: Tensor) -> Tensor:
    """Return int8 symbols (N, C, h, w) of latents in -1 to 1."""
    return (latent * SYMBOL_LIMIT).round().to(torch.int8)


def dequantize(symbols: Tensor) -> Tensor:
    """Return latents (N, C, h, w) of symbols."""
    return symbols.float() / SYMBOL_LIMIT
