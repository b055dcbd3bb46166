"""How does the server turn symbols back into a picture that its detector looks at?"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from slim_split_ros.networks.config import LATENT_STRIDE, MEANS, ModelConfig
from slim_split_ros.networks.levels import inverse_scale, level_counts, one_hot_levels
from slim_split_ros.networks.restorer import Restorer
from slim_split_ros.networks.transform import cosine_kernels

FINE_GAIN = 20.0  # steps of a 20th of the pixels' deviation: where told fineness is zero
LEAST_STEP = 1e-4  # above zero, whose logarithm no network could use


class Decoder(nn.Module):
    """
    Rebuild the picture from symbols, and repair it if it was sent coarsely.

    Whole frames are repaired or none of their cells: beside objects sent finely, repaired scenery
    did more harm than good (`docs/experiments.md`).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer(
            'synthesis', cosine_kernels(config.coefficient_channels)[1], persistent=False)
        self.register_buffer(
            'width_steps', 1.0 / torch.tensor(config.coefficient_gains), persistent=False)
        self.register_buffer('sent', torch.tensor(
            [level_counts(config, width) for width in config.widths]
        ) / config.coefficient_channels, persistent=False)  # widths, levels
        self.restorer = Restorer(config, conditions=2 + len(config.level_gains))

    def forward(self, symbols: Tensor, inverse_gain: Tensor, width_index: Tensor) -> Tensor:
        """Map (N, L, h, w), (N, L) and (N,) to normalized pictures (N, 3, 16h, 16w)."""
        with torch.autocast(symbols.device.type, enabled=False):  # symbols pass a hundred
            picture, conditions = self.rebuild(symbols, inverse_gain, width_index)
        is_coarse = self.is_coarse(inverse_gain, width_index).float()[:, None, None, None]
        return picture + is_coarse * self.restorer(picture, conditions)

    def is_coarse(self, inverse_gain: Tensor, width_index: Tensor) -> Tensor:
        """Tell which frames (N,) are repaired, of steps (N, L) and width indices (N,)."""
        step = inverse_gain[:, 1 + MEANS] * self.width_steps[width_index]
        gain = self.config.level_gains[1] * self.sent[width_index, -1]
        return gain < self.config.repaired_gain * step

    def rebuild(self, symbols: Tensor, inverse_gain: Tensor, width_index: Tensor
                ) -> tuple[Tensor, Tensor]:
        """
        Undo the transform alone: pictures (N, 3, 16h, 16w) and what is known of cells.

        That is (N, 2 + levels, h, w): how many octaves finer its steps are than what counts as
        fine, how many coefficients were sent, and the level.
        """
        levels, symbols = symbols[:, :1], symbols[:, 1:]
        steps = inverse_gain[:, 1:] * self.width_steps[width_index][:, None]  # N, C
        steps = inverse_scale(
            levels, self.config, self.config.coefficient_channels) * steps[:, :, None, None]
        picture = functional.conv_transpose2d(
            symbols * steps, self.synthesis, stride=LATENT_STRIDE)
        fineness = -torch.log2(FINE_GAIN * steps[:, MEANS:MEANS + 1].clamp_min(LEAST_STEP))
        level = one_hot_levels(levels, len(self.config.level_gains))
        share = (level * self.sent[width_index][:, :, None, None]).sum(1, keepdim=True)
        # Twice the share spans about as much as the others do.
        return picture, torch.cat([fineness, 2.0 * share, level], dim=1)
