"""How does the server turn symbols back into the detector's features at stride 8?"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from slim_split_ros.networks.backbone import Stem
from slim_split_ros.networks.config import LATENT_STRIDE, ModelConfig
from slim_split_ros.networks.levels import inverse_scale
from slim_split_ros.networks.transform import cosine_kernels


class Decoder(nn.Module):
    """
    Rebuild the picture from symbols, and look at it with a stem of its own.

    The stem starts as the detector's and learns to read pictures that are fine in some cells and
    coarse in others.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer(
            'synthesis', cosine_kernels(config.coefficient_channels)[1], persistent=False)
        self.register_buffer(
            'width_steps', 1.0 / torch.tensor(config.coefficient_gains), persistent=False)
        self.stem = Stem(config.backbone_width)

    def forward(self, symbols: Tensor, inverse_gain: Tensor, width_index: Tensor) -> Tensor:
        """Map (N, L, h, w), (N, L) and (N,) to features (N, C, 2h, 2w)."""
        return self.stem(self.picture(symbols, inverse_gain, width_index))

    def picture(self, symbols: Tensor, inverse_gain: Tensor, width_index: Tensor) -> Tensor:
        """Return the normalized picture (N, 3, 16h, 16w) that symbols stand for."""
        levels, symbols = symbols[:, :1], symbols[:, 1:]
        steps = inverse_gain[:, 1:] * self.width_steps[width_index][:, None]  # N, C
        scale = inverse_scale(levels, self.config, self.config.coefficient_channels)
        with torch.autocast(symbols.device.type, enabled=False):
            return functional.conv_transpose2d(
                symbols * scale * steps[:, :, None, None], self.synthesis, stride=LATENT_STRIDE)
