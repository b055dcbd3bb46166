"""Which blocks are the networks made of? Convolutions whose norms fold away at export."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class ConvNormAct(nn.Sequential):
    """Convolve, normalize over the batch, apply SiLU."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int = 3, stride: int = 1
                 ) -> None:
        super().__init__(
            nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.SiLU(inplace=True),
        )


class Residual(nn.Module):
    """Add two 3x3 convolutions to what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(ConvNormAct(channels, channels), ConvNormAct(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return x + self.body(x)


class CrossStage(nn.Module):
    """
    Refine half of the channels by residual blocks and keep every intermediate result.

    Source: Cross Stage Partial networks, arXiv 1911.11929, with the dense concatenation of ELAN,
    arXiv 2211.04800.
    """

    def __init__(self, channels_in: int, channels_out: int, blocks: int) -> None:
        super().__init__()
        half = channels_out // 2
        self.entry = ConvNormAct(channels_in, 2 * half, kernel=1)
        self.blocks = nn.ModuleList(Residual(half) for _ in range(blocks))
        self.exit = ConvNormAct((2 + blocks) * half, channels_out, kernel=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels_in, H, W) to (N, channels_out, H, W)."""
        parts = list(self.entry(x).chunk(2, dim=1))
        for block in self.blocks:
            parts.append(block(parts[-1]))
        return self.exit(torch.cat(parts, dim=1))


class SlimmableConv(nn.Conv2d):
    """
    Convolve with the leading rows and columns of one weight.

    Source: Slimmable Neural Networks, arXiv 1812.08928, section 3.
    """

    def sliced(self, channels_in: int, channels_out: int) -> tuple[Tensor, Tensor | None]:
        """Return the weight and bias that these channel counts use, as views."""
        columns = 1 if self.groups > 1 else channels_in
        bias = None if self.bias is None else self.bias[:channels_out]
        return self.weight[:channels_out, :columns], bias

    def slim(self, x: Tensor, channels_out: int, row_step: int = 1) -> Tensor:
        """
        Map (N, C, H, W), any C up to the full one, to (N, channels_out, H', W').

        With `row_step`, each row that is read stands for those after it that are not.
        """
        weight, bias = self.sliced(x.shape[1], channels_out)
        weight = gather_rows(weight, row_step)
        groups = x.shape[1] if self.groups > 1 else 1
        return functional.conv2d(
            x, weight, bias, self.stride, self.padding, (row_step, 1), groups)


def gather_rows(weight: Tensor, row_step: int) -> Tensor:
    """Add every `row_step` rows of kernels (C', C, h, w) up: (C', C, h / row_step, w)."""
    return weight.unflatten(2, (-1, row_step)).sum(3)


class SwitchableNorm(nn.ModuleList):
    """
    Keep batch statistics and affine parameters of its own for each width.

    Statistics of one width are wrong for another, as each sums over other channels.
    Source: Slimmable Neural Networks, arXiv 1812.08928, section 3.3.
    """

    def __init__(self, channels: list[int]) -> None:
        super().__init__(nn.BatchNorm2d(count) for count in channels)
