"""How does the server turn latents back into the detector's features at stride 8?"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from slim_split_ros.networks.backbone import Stem, level_channels
from slim_split_ros.networks.config import LATENT_STRIDE, ModelConfig
from slim_split_ros.networks.layers import ConvNormAct, CrossStage, Residual
from slim_split_ros.networks.transform import cosine_kernels, separate

FIRST_MIX = 1.0  # before the sigmoid: training starts with more of the picture's features


class Decoder(nn.Module):
    """
    Rebuild stride-8 features from latents; told which width and steps made them.

    Two ways, mixed per cell and channel: a network guesses features from all latents, and a stem
    of its own sees the coarse picture that the transform's coefficients make.

    A narrow encoder computes other latents than a wide one, not only fewer, so the width enters
    as a one-hot vector and the steps as they are, through one bias per channel.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        coarse, fine = config.decoder_channels
        self.width_count = len(config.widths)
        self.entry = nn.Conv2d(config.latent_channels, coarse, 1)
        self.condition = nn.Linear(self.width_count + config.latent_channels, coarse)
        self.coarse = nn.Sequential(Residual(coarse), Residual(coarse))
        self.up = nn.Sequential(ConvNormAct(coarse, 4 * fine, kernel=1), nn.PixelShuffle(2))
        self.fine = CrossStage(fine, fine, blocks=1)
        features = level_channels(config.backbone_width)[0]
        self.exit = nn.Conv2d(fine, 2 * features, 1)
        nn.init.constant_(self.exit.bias[features:], FIRST_MIX)
        self.synthesis = nn.Parameter(cosine_kernels(config.coefficient_channels)[1])
        self.register_buffer('coefficient_steps', 1.0 / torch.tensor(config.coefficient_gains))
        self.stem = Stem(config.backbone_width)

    def forward(self, latent: Tensor, inverse_gain: Tensor, width_index: Tensor) -> Tensor:
        """Map (N, L, h, w), (N, L) and (N,) to features (N, C, 2h, 2w)."""
        one_hot = (width_index[:, None] == torch.arange(
            self.width_count, device=width_index.device)[None]).to(inverse_gain.dtype)
        bias = self.condition(torch.cat([one_hot, inverse_gain], dim=1))  # N, coarse
        x = self.entry(latent) + bias[:, :, None, None]  # N, coarse, h, w
        x = self.up(self.coarse(x))  # N, fine, 2h, 2w
        guessed, mix = self.exit(self.fine(x)).chunk(2, dim=1)
        seen = self.stem(self.picture(latent, width_index))
        return guessed + mix.sigmoid() * (seen - guessed)

    def picture(self, latent: Tensor, width_index: Tensor) -> Tensor:
        """Return the normalized picture (N, 3, 16h, 16w) that the coefficients make."""
        _, coefficients = separate(latent, self.config)
        steps = self.coefficient_steps[width_index][:, None, None, None]
        with torch.autocast(latent.device.type, enabled=False):
            return functional.conv_transpose2d(
                coefficients.float() * steps, self.synthesis, stride=LATENT_STRIDE)
