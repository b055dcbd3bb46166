"""The transform as the robot computes it: along columns of a block, then along its rows."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from slim_split_ros.networks.config import LATENT_STRIDE, ModelConfig
from slim_split_ros.networks.split_detector import PIXEL_DEVIATION, PIXEL_MEAN
from slim_split_ros.networks.transform import COLOURS, coefficient_order, cosine_waves


class SeparableTransform(nn.Module):
    """
    Map pixels as cameras store them, (1, 1, H, 3 W), to a width's coefficients (C, h w).

    Pixels' mean and deviation and the width's gain are folded in. 192 coefficients of 416x320
    pixels take 0.4 ms this way, as one convolution 1.4 ms (`docs/experiments.md`).
    """

    def __init__(self, config: ModelConfig, width: float) -> None:
        super().__init__()
        side, count = LATENT_STRIDE, config.coefficients(width)
        gain = config.coefficient_gains[config.widths.index(width)]
        order, waves = coefficient_order(count), cosine_waves()
        along_columns = 1 + max(y for _, y, _ in order)
        along_rows = sorted({(colour, x) for colour, _, x in order})
        self.columns = nn.Conv2d(1, along_columns, (side, 1), (side, 1))
        self.columns.weight.data = waves[:along_columns, None, :, None] / side
        # Only the mean of a column tells the pixels' mean.
        self.columns.bias.data = torch.where(torch.arange(along_columns) == 0, -PIXEL_MEAN, 0.0)
        # A row of a block as cameras store it: 16 pixels of 3 colours each.
        self.register_buffer('rows', gain / (side * PIXEL_DEVIATION) * torch.stack([
            torch.outer(waves[x], torch.tensor(COLOURS)[colour]).flatten()
            for colour, x in along_rows]))
        self.register_buffer('places', torch.tensor([
            along_rows.index((colour, x)) * along_columns + y for colour, y, x in order]))

    def forward(self, pixels: Tensor) -> Tensor:
        """Map float (1, 1, H, 3 W) to (C, H/16 * W/16)."""
        columns = self.columns(pixels).reshape(-1, self.rows.shape[1])  # F h w, 48
        both = nn.functional.linear(self.rows, columns)  # G, F h w
        return both.reshape(len(self.rows) * self.columns.out_channels, -1)[self.places]
