"""How does the server turn latents back into the detector's features at stride 8?"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from slim_split_ros.networks.config import ModelConfig
from slim_split_ros.networks.layers import ConvNormAct, CrossStage, Residual


class Decoder(nn.Module):
    """
    Rebuild stride-8 features from latents; told which width and steps made them.

    A narrow encoder computes other latents than a wide one, not only fewer, so the width enters
    as a one-hot vector and the steps as they are, through one bias per channel.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        coarse, fine = config.decoder_channels
        self.width_count = len(config.widths)
        self.entry = nn.Conv2d(config.latent_channels, coarse, 1)
        self.condition = nn.Linear(self.width_count + config.latent_channels, coarse)
        self.coarse = nn.Sequential(Residual(coarse), Residual(coarse))
        self.up = nn.Sequential(ConvNormAct(coarse, 4 * fine, kernel=1), nn.PixelShuffle(2))
        self.fine = CrossStage(fine, fine, blocks=2)
        self.exit = nn.Conv2d(fine, config.stem_channels[-1], 1)

    def forward(self, latent: Tensor, inverse_gain: Tensor, width_index: Tensor) -> Tensor:
        """Map (N, L, h, w), (N, L) and (N,) to features (N, stem_channels[-1], 2h, 2w)."""
        one_hot = (width_index[:, None] == torch.arange(
            self.width_count, device=width_index.device)[None]).to(inverse_gain.dtype)
        bias = self.condition(torch.cat([one_hot, inverse_gain], dim=1))  # N, coarse
        x = self.entry(latent) + bias[:, :, None, None]  # N, coarse, h, w
        x = self.up(self.coarse(x))  # N, fine, 2h, 2w
        return self.exit(self.fine(x))
