"""What does the robot run at one width? The slimmable encoder with slices and norms made plain."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from slim_split_ros.networks.config import ModelConfig
from slim_split_ros.networks.encoder import CHANCES, MixingBlock, SlimmableEncoder, SlimmableUnit
from slim_split_ros.networks.levels import level_counts, reached_levels, scale_table
from slim_split_ros.networks.quantizer import round_symbols, roundings
from slim_split_ros.networks.split_detector import PIXEL_DEVIATION, PIXEL_MEAN

BLOCK = 16  # channels that ONNX Runtime's convolutions compute at once
# Picking cells costs the robot as much as this many more coefficients in every cell.
WORTH_PICKING = 32


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
        transform = fold_transform(encoder, index)
        scale_pixels(transform)
        transform, count = interleave(transform), transform.out_channels
        everywhere = computed_everywhere(self.config, width)
        self.transform = leading(transform, everywhere)
        self.finest = FinestCells(transform, everywhere) if everywhere < count else None
        scales = scale_table(self.config, width)[:, :everywhere]
        self.register_buffer('scale', scales[0])
        self.register_buffer('added_scales', scales.diff(dim=0).T[:, :, None, None])
        self.register_buffer('roundings', roundings(count)[:everywhere])

    def forward(self, image: Tensor, gain: Tensor) -> Tensor:
        """Map uint8 (1, H, W, 3), BGR, and gains (L,) to int8 (1, L, H/16, W/16)."""
        pixels = image.flatten(2)[None].float()  # 1, 1, H, 3 W
        has_object, has_small = reached_levels(
            self.to_importance(self.body(self.patch(pixels))), self.config, gain[0])
        everywhere = 1 + self.transform.out_channels
        steps = gain[1:everywhere]
        # Of each cell: the scales of level 0, and what every level that it reached adds.
        scales = nn.functional.conv2d(
            torch.cat([has_object, has_small], dim=1),
            self.added_scales * steps.view(-1, 1, 1, 1), self.scale * steps)
        symbols = round_symbols(self.transform(pixels) * scales, self.roundings)
        sent = [(has_object + has_small).to(torch.int8), symbols.to(torch.int8)]
        if self.finest is not None:
            gains = self.config.level_gains[-1] * gain[everywhere:]
            sent.append(self.finest(image, has_small > 0.0, gains))
        return torch.cat(sent, dim=1)


class FinestCells(nn.Module):
    """
    The transform's later rows, in the cells of the finest level alone: no other sends them.

    These are one cell in eight. With 256 coefficients the widest network takes 1.51 ms, not 1.88
    (`docs/experiments.md`).
    """

    def __init__(self, transform: nn.Conv2d, first: int) -> None:
        super().__init__()
        weight = transform.weight.data[first:].flatten(1)
        self.row = nn.Linear(*reversed(weight.shape))
        self.row.weight.data, self.row.bias.data = weight.clone(), transform.bias.data[first:]
        self.side = transform.kernel_size[0]
        self.register_buffer('roundings', roundings(transform.out_channels)[first:, 0, 0])

    def forward(self, image: Tensor, is_finest: Tensor, gain: Tensor) -> Tensor:
        """Map uint8 (1, H, W, 3), bool (1, 1, h, w) and gains (C,) to int8 (1, C, h, w)."""
        height, width = is_finest.shape[2:]
        cells = image.reshape(height, self.side, width, 3 * self.side).transpose(1, 2)
        is_finest = is_finest.flatten()
        rows = cells.reshape(height * width, -1)[torch.nonzero(is_finest)[:, 0]]
        symbols = round_symbols(self.row(rows.float()) * gain, self.roundings).to(torch.int8)
        # Cells that were not picked take the row of zeros before those that were.
        symbols = torch.cat([torch.zeros_like(gain, dtype=torch.int8)[None], symbols])
        places = torch.cumsum(is_finest.int(), 0) * is_finest
        return symbols[places].T.reshape(1, -1, height, width)


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


def computed_everywhere(config: ModelConfig, width: float) -> int:
    """Return how many of a width's coefficients are computed in every cell, of any level."""
    count = config.coefficients(width)
    some_level_sends = level_counts(config, width)[-2]
    everywhere = min(count, -(-some_level_sends // BLOCK) * BLOCK)
    return everywhere if count - everywhere > WORTH_PICKING else count


def leading(conv: nn.Conv2d, count: int) -> nn.Conv2d:
    """Return a convolution that computes the first channels alone."""
    short = nn.Conv2d(conv.in_channels, count, conv.kernel_size, conv.stride)
    short.weight.data = conv.weight.data[:count].clone()
    short.bias.data = conv.bias.data[:count].clone()
    return short


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
