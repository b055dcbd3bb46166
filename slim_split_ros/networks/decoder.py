"""How does the server turn symbols back into a picture that its detector looks at?"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from slim_split_ros.networks.config import LATENT_STRIDE, ModelConfig
from slim_split_ros.networks.levels import inverse_scale
from slim_split_ros.networks.transform import cosine_kernels


class Decoder(nn.Module):
    """
    Rebuild the picture from symbols, fine in some cells and coarse in others.

    Nothing here is learnt: the detector's later layers learn to read such pictures. A stem that
    learnt it too was worse (`docs/experiments.md`).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer(
            'synthesis', cosine_kernels(config.coefficient_channels)[1], persistent=False)
        self.register_buffer(
            'width_steps', 1.0 / torch.tensor(config.coefficient_gains), persistent=False)

    def forward(self, symbols: Tensor, inverse_gain: Tensor, width_index: Tensor) -> Tensor:
        """Map (N, L, h, w), (N, L) and (N,) to normalized pictures (N, 3, 16h, 16w)."""
        levels, symbols = symbols[:, :1], symbols[:, 1:]
        steps = inverse_gain[:, 1:] * self.width_steps[width_index][:, None]  # N, C
        scale = inverse_scale(levels, self.config, self.config.coefficient_channels)
        with torch.autocast(symbols.device.type, enabled=False):
            return functional.conv_transpose2d(
                symbols * scale * steps[:, :, None, None], self.synthesis, stride=LATENT_STRIDE)
