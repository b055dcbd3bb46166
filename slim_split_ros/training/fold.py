"""What does the robot run at one width? The slimmable encoder with slices and norms made plain."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from slim_split_ros.networks.encoder import CHANCES, MixingBlock, SlimmableEncoder, SlimmableUnit
from slim_split_ros.networks.levels import choose_levels, coefficient_scale
from slim_split_ros.networks.quantizer import round_symbols, roundings
from slim_split_ros.networks.split_detector import PIXEL_DEVIATION, PIXEL_MEAN


class RobotEncoder(nn.Module):
    """Map uint8 pixels to int8 symbols at one width, as `encoder_w*.onnx` does."""

    def __init__(self, encoder: SlimmableEncoder, width: float) -> None:
        super().__init__()
        self.config = config = encoder.config
        index = config.widths.index(width)
        self.patch = fold_unit(encoder.patch, index, 3)
        channels = encoder.patch.channels[index]
        self.body = nn.Sequential(
            FoldedBlock(encoder.mix8, index), fold_unit(encoder.down16, index, channels),
            *(FoldedBlock(block, index) for block in encoder.mix16))
        weight, bias = encoder.to_importance.sliced(channels, CHANCES)
        self.to_importance = nn.Conv2d(channels, CHANCES, 1)
        self.to_importance.weight.data, self.to_importance.bias.data = weight.clone(), bias.clone()
        self.transform = fold_transform(encoder, index)
        scale_pixels(self.patch[0])
        scale_pixels(self.transform)
        self.patch[0] = interleave(self.patch[0])
        self.transform = interleave(self.transform)
        self.register_buffer('roundings', roundings(self.transform.out_channels))

    def forward(self, image: Tensor, gain: Tensor) -> Tensor:
        """Map uint8 (1, H, W, 3), BGR, and gains (L,) to int8 (1, L, H/16, W/16)."""
        pixels = image.flatten(2)[None].float()  # 1, 1, H, 3 W
        levels = choose_levels(self.to_importance(self.body(self.patch(pixels))), self.config)
        coefficients = self.transform(pixels) * gain[1:, None, None]
        scale = coefficient_scale(levels, self.config, self.transform.out_channels)
        symbols = round_symbols(coefficients * scale, self.roundings)
        return torch.cat([levels.to(torch.int8), symbols.to(torch.int8)], dim=1)


class FoldedBlock(nn.Module):
    """A mixing block with its norms folded."""

    def __init__(self, block: MixingBlock, index: int) -> None:
        super().__init__()
        count = block.space.channels[index]
        self.body = nn.Sequential(
            fold_unit(block.space, index, count), fold_unit(block.expand, index, count),
            fold_unit(block.project, index, block.expand.channels[index]))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return x + self.body(x)


def fold_unit(unit: SlimmableUnit, index: int, channels_in: int) -> nn.Sequential:
    """Return one plain convolution, and a rectifier where the unit has one."""
    count = unit.channels[index]
    norm = unit.norm[index]
    weight, _ = unit.conv.sliced(channels_in, count)
    factor = norm.weight / (norm.running_var + norm.eps).sqrt()
    groups = channels_in if unit.conv.groups > 1 else 1
    conv = nn.Conv2d(channels_in, count, unit.conv.kernel_size, unit.conv.stride,
                     unit.conv.padding, groups=groups)
    conv.weight.data = (weight * factor[:, None, None, None]).detach().clone()
    conv.bias.data = (norm.bias - norm.running_mean * factor).detach().clone()
    return nn.Sequential(conv, nn.ReLU()) if unit.rectify else nn.Sequential(conv)


def fold_transform(encoder: SlimmableEncoder, index: int) -> nn.Conv2d:
    """Return the transform of one width as a convolution, with that width's gain."""
    config = encoder.config
    count = config.coefficients(config.widths[index])
    side = encoder.transform.shape[-1]
    conv = nn.Conv2d(3, count, side, side)
    conv.weight.data = encoder.transform[:count] * config.coefficient_gains[index]
    conv.bias.data.zero_()
    return conv


def interleave(conv: nn.Conv2d) -> nn.Conv2d:
    """
    Return a convolution of patches that reads pixels as cameras store them, (1, 1, H, 3 W).

    A patch is as wide in it as its pixels have colours, so that the robot need not sort colours
    into planes, which takes as long as a third of the narrowest network.
    """
    side = conv.kernel_size[0]
    plain = nn.Conv2d(1, conv.out_channels, (side, 3 * side), (side, 3 * side))
    plain.weight.data = conv.weight.data.permute(0, 2, 3, 1).reshape(plain.weight.shape)
    plain.bias.data = conv.bias.data
    return plain


def scale_pixels(conv: nn.Conv2d) -> None:
    """Fold the pixels' mean and deviation into a convolution without padding, in place."""
    conv.weight.data /= PIXEL_DEVIATION
    conv.bias.data -= PIXEL_MEAN * conv.weight.data.sum(dim=(1, 2, 3))
