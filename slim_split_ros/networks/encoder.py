"""
How does the robot turn a picture into symbols at one of several widths?

One set of weights; a width runs the leading channels of every layer. The patch stem leaves no
layer above an eighth of the resolution, depthwise 5x5 kernels see far for few multiplications,
and batch norms fold into the convolutions at export. The network says which cells matter;
what these send are coefficients of a linear transform, see `transform` and `levels`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from slim_split_ros.networks.config import LATENT_STRIDE, ModelConfig
from slim_split_ros.networks.layers import SlimmableConv, SwitchableNorm
from slim_split_ros.networks.levels import choose_levels, coefficient_scale
from slim_split_ros.networks.quantizer import quantize
from slim_split_ros.networks.transform import cosine_kernels

CHANCES = 2  # of any object, of a small one


class SlimmableEncoder(nn.Module):
    """
    Map a picture to symbols at 1/16 of its resolution, at a width chosen per call.

    The network's stages: 8x8 patches (stride 8) with a mixing block, 3x3 (stride 16) with two
    mixing blocks, 1x1 to the two chances of each cell.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        full = config.encoder_channels
        channels = [config.channels(width) for width in config.widths]
        self.patch = SlimmableUnit(3, full, 8, 8, channels, row_steps=config.patch_row_steps)
        self.mix8 = MixingBlock(full, channels, expansion=1)
        self.down16 = SlimmableUnit(full, full, 3, 2, channels)
        self.mix16 = nn.ModuleList(
            MixingBlock(full, channels, expansion=2) for _ in range(2))
        self.to_importance = SlimmableConv(full, CHANCES, 1)
        self.register_buffer(
            'transform', cosine_kernels(config.coefficient_channels)[0], persistent=False)

    def importance(self, image: Tensor, width: float) -> Tensor:
        """Map normalized (N, 3, H, W) to logits (N, 2, H/16, W/16): any object, a small one."""
        index = self.config.widths.index(width)
        x = self.mix8(self.patch(image, index), index)  # N, C, H/8, W/8
        x = self.down16(x, index)  # N, C, H/16, W/16
        for block in self.mix16:
            x = block(x, index)
        return self.to_importance.slim(x, CHANCES)

    def coefficients(self, image: Tensor, width: float) -> Tensor:
        """Map normalized (N, 3, H, W) to values (N, C, H/16, W/16) in a width's units."""
        kernels = self.transform[:self.config.coefficients(width)]
        with torch.autocast(image.device.type, enabled=False):  # means pass a hundred steps
            values = nn.functional.conv2d(image.float(), kernels, stride=LATENT_STRIDE)
        return values * self.config.coefficient_gains[self.config.widths.index(width)]

    def symbols(self, image: Tensor, levels: Tensor, width: float, gain: Tensor) -> Tensor:
        """
        Return symbols, as floats (N, latents(width), h, w).

        Of normalized (N, 3, H, W), levels (N, 1, h, w) and a rate's gains (L,), or (N, L).
        """
        coefficients = self.coefficients(image, width)
        count = coefficients.shape[1]
        scale = coefficient_scale(levels, self.config, width)
        scale = gain[..., 1:count + 1, None, None] * scale
        return torch.cat([levels, quantize(coefficients * scale)], dim=1)

    def forward(self, image: Tensor, width: float, gain: Tensor) -> Tensor:
        """Map normalized (N, 3, H, W) and gains (L,) to symbols, as floats (N, latents, h, w)."""
        levels = choose_levels(self.importance(image, width), self.config, gain[..., 0])
        return self.symbols(image, levels, width, gain)


class SlimmableUnit(nn.Module):
    """Convolve, normalize with the width's own statistics, rectify if asked to."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int,
                 channels: list[int], *, rectify: bool = True, depthwise: bool = False,
                 row_steps: tuple[int, ...] | None = None) -> None:
        super().__init__()
        padding = 0 if kernel == stride else kernel // 2
        groups = channels_in if depthwise else 1
        self.conv = SlimmableConv(
            channels_in, channels_out, kernel, stride, padding, groups=groups, bias=False)
        self.norm = SwitchableNorm(channels)
        self.channels = channels
        self.row_steps = row_steps or (1,) * len(channels)
        self.rectify = rectify

    def forward(self, x: Tensor, index: int) -> Tensor:
        """Map (N, C, H, W) to (N, channels[index], H/stride, W/stride)."""
        x = self.norm[index](self.conv.slim(x, self.channels[index], self.row_steps[index]))
        return x.relu() if self.rectify else x


class MixingBlock(nn.Module):
    """
    Mix space by a depthwise 5x5 and channels by two 1x1 convolutions, and add the input.

    Source: MobileNetV2's inverted residual, arXiv 1801.04381, with the depthwise layer first
    as in ConvNeXt, arXiv 2201.03545.
    """

    def __init__(self, full: int, channels: list[int], expansion: int) -> None:
        super().__init__()
        wide = [expansion * count for count in channels]
        self.space = SlimmableUnit(full, full, 5, 1, channels, rectify=False, depthwise=True)
        self.expand = SlimmableUnit(full, expansion * full, 1, 1, wide)
        self.project = SlimmableUnit(expansion * full, full, 1, 1, channels, rectify=False)

    def forward(self, x: Tensor, index: int) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return x + self.project(self.expand(self.space(x, index), index), index)
