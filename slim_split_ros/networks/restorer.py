"""
What did coarse coefficients take from a picture? The server guesses it.

It sees the decoded picture at a quarter and an eighth of its resolution, and of each cell how
coarsely it was sent.

Source: residual artifact removal, ARCNN, arXiv 1504.06993, and FBCNN, arXiv 2109.14573, which is
told the quality as well.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from slim_split_ros.networks.config import LATENT_STRIDE, ModelConfig

STRIDE = 4
PIXELS = 3 * STRIDE ** 2  # values of a picture's 4x4 patch
COARSE_BLOCKS = 4
START_DEVIATION = 0.02  # of the weights that end a block: blocks change little at first


class Restorer(nn.Module):
    """Say what to add to a decoded picture; nothing before training."""

    def __init__(self, config: ModelConfig, conditions: int) -> None:
        super().__init__()
        fine, coarse = config.restorer_channels
        self.entry = nn.Conv2d(PIXELS, fine, 3, padding=1)
        self.condition = nn.Conv2d(conditions, fine, 1)
        self.before = DenseBlock(fine)
        self.down = nn.Conv2d(fine, coarse, 2, stride=2)
        self.around = nn.Sequential(*(WideBlock(coarse) for _ in range(COARSE_BLOCKS)))
        self.up = nn.ConvTranspose2d(coarse, fine, 2, stride=2)
        self.after = DenseBlock(fine)
        self.exit = nn.Conv2d(fine, PIXELS, 3, padding=1)
        for layer in (self.up, self.exit):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, picture: Tensor, conditions: Tensor) -> Tensor:
        """Map normalized (N, 3, 16h, 16w) and what is known of cells (N, K, h, w) to repairs."""
        known = functional.interpolate(
            self.condition(conditions), scale_factor=float(LATENT_STRIDE // STRIDE))
        x = (self.entry(functional.pixel_unshuffle(picture, STRIDE)) + known).relu()
        x = self.before(x)
        x = self.after(x + self.up(self.around(self.down(x))))
        return functional.pixel_shuffle(self.exit(x), STRIDE)


class DenseBlock(nn.Module):
    """Add two 3x3 convolutions to what came in, unnormalized as in EDSR, arXiv 1707.02921."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1))
        _start_small(self.body[-1])

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return x + self.body(x)


class WideBlock(nn.Module):
    """Add what a depthwise 5x5 and two 1x1 convolutions make of what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 5, padding=2, groups=channels),
            nn.Conv2d(channels, 2 * channels, 1), nn.ReLU(),
            nn.Conv2d(2 * channels, channels, 1))
        _start_small(self.body[-1])

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return x + self.body(x)


def _start_small(layer: nn.Conv2d) -> None:
    nn.init.normal_(layer.weight, std=START_DEVIATION)
    nn.init.zeros_(layer.bias)
