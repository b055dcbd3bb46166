"""What the robot runs at one width: the slimmable encoder, slices and norms made plain."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from slim_split_ros.networks.encoder import CHANCES, MixingBlock, SlimmableEncoder, SlimmableUnit
from slim_split_ros.networks.layers import gather_rows
from slim_split_ros.networks.levels import reached_levels, scale_table
from slim_split_ros.networks.quantizer import round_symbols, roundings
from slim_split_ros.networks.split_detector import PIXEL_DEVIATION, PIXEL_MEAN
from slim_split_ros.training.export.separable_transform import SeparableTransform


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
        scale_pixels(self.patch[0])
        self.patch[0] = interleave(self.patch[0])
        self.transform = SeparableTransform(config, width)
        scales = scale_table(config, width)
        self.register_buffer('scale', scales[0])
        self.register_buffer('added_scales', scales.diff(dim=0).T[:, :, None, None])
        self.register_buffer('roundings', roundings(config.coefficients(width)))

    def forward(self, image: Tensor, gain: Tensor) -> Tensor:
        """Map uint8 (1, H, W, 3), BGR, and gains (L,) to int8 (1, L, H/16, W/16)."""
        pixels = image.flatten(2)[None].float()  # 1, 1, H, 3 W
        has_object, has_small = self.reached(pixels, gain[:1])
        steps = gain[1:]
        # Of each cell: the scales of level 0, and what every level that it reached adds.
        scales = nn.functional.conv2d(
            torch.cat([has_object, has_small], dim=1),
            self.added_scales * steps.view(-1, 1, 1, 1), self.scale * steps)
        coefficients = self.transform(pixels).reshape_as(scales)
        symbols = round_symbols(coefficients * scales, self.roundings)
        return torch.cat([
            (has_object + has_small).to(torch.int8), symbols.to(torch.int8)], dim=1)


    def reached(self, pixels: Tensor, odds_gain: Tensor) -> tuple[Tensor, Tensor]:
        """Map float (1, 1, H, 3 W) to what `reached_levels` says of the cells."""
        return reached_levels(
            self.to_importance(self.body(self.patch(pixels))), self.config, odds_gain)


class RobotMap(nn.Module):
    """Map uint8 pixels to the level of each cell, as `map_w*.onnx` does."""

    def __init__(self, robot: RobotEncoder) -> None:
        super().__init__()
        self.robot = robot

    def forward(self, image: Tensor) -> Tensor:
        """Map uint8 (1, H, W, 3), BGR, to int8 (1, 1, H/16, W/16)."""
        has_object, has_small = self.robot.reached(
            image.flatten(2)[None].float(), torch.ones(1))
        return (has_object + has_small).to(torch.int8)


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
    weight = gather_rows(weight * factor[:, None, None, None], unit.row_steps[index])
    conv = nn.Conv2d(channels_in, count, weight.shape[2:], unit.conv.stride, unit.conv.padding,
                     (unit.row_steps[index], 1), groups)
    conv.weight.data = weight.detach().clone()
    conv.bias.data = (norm.bias - norm.running_mean * factor).detach().clone()
    return nn.Sequential(conv, nn.ReLU()) if unit.rectify else nn.Sequential(conv)


def interleave(conv: nn.Conv2d) -> nn.Conv2d:
    """
    Return a convolution of patches that reads pixels as cameras store them, (1, 1, H, 3 W).

    A patch is as wide in it as its pixels have colours, so that the robot need not sort colours
    into planes, which takes as long as a third of the narrowest network.
    """
    (height, side), stride = conv.kernel_size, conv.stride[0]
    plain = nn.Conv2d(1, conv.out_channels, (height, 3 * side), (stride, 3 * stride),
                      dilation=conv.dilation)
    plain.weight.data = conv.weight.data.permute(0, 2, 3, 1).reshape(plain.weight.shape)
    plain.bias.data = conv.bias.data
    return plain


def scale_pixels(conv: nn.Conv2d) -> None:
    """Fold the pixels' mean and deviation into a convolution without padding, in place."""
    conv.weight.data /= PIXEL_DEVIATION
    conv.bias.data -= PIXEL_MEAN * conv.weight.data.sum(dim=(1, 2, 3))
