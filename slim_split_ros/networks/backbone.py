"""
Which layers does the detector's backbone have? EfficientNet-Lite0's, cut in two at stride 8.

Others have trained them on a million photographs, see `training/pretrained.py`, and a thousand
labelled pictures of a robot are far too few to find such features anew. Lite leaves out what
runs badly on processors: no squeeze-and-excitation, ReLU6 in place of Swish.

Source: EfficientNet, arXiv 1905.11946, table 1; the Lite variants are described with the TPU
models of TensorFlow, github.com/tensorflow/tpu, models/official/efficientnet/lite.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

STEM_CHANNELS = 32
NORM_EPSILON = 1e-3  # with which the published weights were trained
CHANNEL_MULTIPLE = 8


@dataclass(frozen=True, slots=True)
class Stage:
    """Blocks of one kernel and one number of channels; the first has the stride."""

    kernel: int
    stride: int
    expansion: int
    channels: int
    blocks: int


STAGES_TO_8 = (Stage(3, 1, 1, 16, 1), Stage(3, 2, 6, 24, 2), Stage(5, 2, 6, 40, 2))
STAGES_TO_16 = (Stage(3, 2, 6, 80, 3), Stage(5, 1, 6, 112, 3))
STAGES_TO_32 = (Stage(5, 2, 6, 192, 4),)  # the last stage, of 320 channels, is left out


def scaled_channels(channels: int, width: float) -> int:
    """
    Return a share of channels, in multiples of 8.

    >>> scaled_channels(40, 0.5)
    24
    """
    return max(1, round(channels * width / CHANNEL_MULTIPLE + 0.25)) * CHANNEL_MULTIPLE


class DepthwiseConv(nn.Conv2d):
    """
    Convolve channel by channel; (N, C, H, W) stays as it is or shrinks by the stride.

    In float32 where a processor computes the layers around it in bfloat16, whose backward pass
    through this one takes oneDNN three times as long and a training step 1.4 times.
    """

    def __init__(self, channels: int, kernel: int, stride: int) -> None:
        super().__init__(channels, channels, kernel, stride, kernel // 2, groups=channels,
                         bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C, H/stride, W/stride)."""
        if x.device.type != 'cpu' or not torch.is_autocast_enabled('cpu'):
            return super().forward(x)
        with torch.autocast('cpu', enabled=False):
            return super().forward(x.float())


class ConvNorm(nn.Sequential):
    """Convolve, normalize over the batch, apply ReLU6 if asked to."""

    def __init__(self, conv: nn.Conv2d, *, rectify: bool = True) -> None:
        super().__init__(
            conv, nn.BatchNorm2d(conv.out_channels, eps=NORM_EPSILON),
            *([nn.ReLU6(inplace=True)] if rectify else []))


def pointwise(channels_in: int, channels_out: int) -> nn.Conv2d:
    """Return a convolution that mixes channels, pixel by pixel."""
    return nn.Conv2d(channels_in, channels_out, 1, bias=False)


class InvertedBlock(nn.Module):
    """Widen, look around channel by channel, narrow. Source: MobileNetV2, arXiv 1801.04381."""

    def __init__(self, channels_in: int, stage: Stage, channels_out: int, stride: int) -> None:
        super().__init__()
        wide = channels_in * stage.expansion
        layers = [] if stage.expansion == 1 else [ConvNorm(pointwise(channels_in, wide))]
        self.body = nn.Sequential(
            *layers, ConvNorm(DepthwiseConv(wide, stage.kernel, stride)),
            ConvNorm(pointwise(wide, channels_out), rectify=False))
        self.adds = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels_in, H, W) to (N, channels_out, H/stride, W/stride)."""
        return x + self.body(x) if self.adds else self.body(x)


def stage_blocks(channels_in: int, stages: tuple[Stage, ...], width: float) -> nn.Sequential:
    """Return the blocks of some stages, with a share of their channels."""
    blocks = []
    for stage in stages:
        channels = scaled_channels(stage.channels, width)
        for number in range(stage.blocks):
            blocks.append(InvertedBlock(
                channels_in, stage, channels, stage.stride if number == 0 else 1))
            channels_in = channels
    return nn.Sequential(*blocks)


class Stem(nn.Sequential):
    """Compute features at stride 8 from a normalized picture (N, 3, H, W)."""

    def __init__(self, width: float) -> None:
        first = scaled_channels(STEM_CHANNELS, width)
        conv = nn.Conv2d(3, first, 3, 2, 1, bias=False)
        super().__init__(ConvNorm(conv), stage_blocks(first, STAGES_TO_8, width))


class Trunk(nn.Module):
    """Compute features at strides 16 and 32 from those at 8."""

    def __init__(self, width: float) -> None:
        super().__init__()
        c8, c16, _ = level_channels(width)
        self.stage16 = stage_blocks(c8, STAGES_TO_16, width)
        self.stage32 = stage_blocks(c16, STAGES_TO_32, width)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return features at strides 16 and 32."""
        x16 = self.stage16(x)
        return x16, self.stage32(x16)


def level_channels(width: float) -> tuple[int, int, int]:
    """Return the channels at strides 8, 16 and 32."""
    return tuple(scaled_channels(stages[-1].channels, width)
                 for stages in (STAGES_TO_8, STAGES_TO_16, STAGES_TO_32))


def fold_norms(layers: nn.Module) -> nn.Module:
    """Return a copy that trains no more, its norms as they are, folded into the convolutions."""
    folded = copy.deepcopy(layers).eval().requires_grad_(False)
    for unit in folded.modules():
        if isinstance(unit, ConvNorm):
            unit[0], unit[1] = fuse_conv_bn_eval(unit[0], unit[1]), nn.Identity()
    return folded
