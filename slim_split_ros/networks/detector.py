"""
How does the server find objects? A one-stage, anchor-free detector in three parts.

The stem ends at stride 8, where the split codec joins; trunk and neck give three levels; the
head predicts, at each cell, class scores and the distances to the four sides of a box.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from slim_split_ros.networks.backbone import Stem, Trunk, level_channels
from slim_split_ros.networks.config import ModelConfig
from slim_split_ros.networks.layers import ConvNormAct, CrossStage

STRIDES = (8, 16, 32)
PRIOR_SCORE = 0.01  # first score of every cell, so that background does not swamp the first steps


@dataclass(frozen=True, slots=True)
class Prediction:
    """Raw output over all cells of all levels, finest first."""

    logits: Tensor  # N, A, classes
    boxes: Tensor  # N, A, 4: x0, y0, x1, y1 in input pixels
    centers: Tensor  # A, 2: x, y in input pixels
    strides: Tensor  # A
    features: tuple[Tensor, Tensor, Tensor]  # neck's levels, for distillation


class Detector(nn.Module):
    """Detect objects in normalized pictures (N, 3, H, W), or in stride-8 features."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.stem = Stem(config.backbone_width)
        self.trunk = Trunk(config.backbone_width)
        self.neck = Neck(level_channels(config.backbone_width), config.neck_channels)
        self.head = Head(config.neck_channels, config.head_channels, len(config.classes))

    def forward(self, image: Tensor) -> Prediction:
        """Detect in a normalized picture (N, 3, H, W)."""
        return self.from_features(self.stem(image))

    def from_features(self, features: Tensor) -> Prediction:
        """Detect from stride-8 features (N, C, H/8, W/8), decoded or of the stem."""
        return self.head(self.neck((features, *self.trunk(features))))


class Neck(nn.Module):
    """Pass context down and detail up between levels. Source: PANet, arXiv 1803.01534."""

    def __init__(self, channels_in: tuple[int, int, int], channels: tuple[int, int, int]) -> None:
        super().__init__()
        in8, in16, in32 = channels_in
        c8, c16, c32 = channels
        self.reduce32 = ConvNormAct(in32, c16, kernel=1)
        self.down_path16 = CrossStage(in16 + c16, c16, blocks=1)
        self.reduce16 = ConvNormAct(c16, c8, kernel=1)
        self.down_path8 = CrossStage(in8 + c8, c8, blocks=1)
        self.stride16 = ConvNormAct(c8, c8, stride=2)
        self.up_path16 = CrossStage(c8 + c16, c16, blocks=1)
        self.stride32 = ConvNormAct(c16, c16, stride=2)
        self.up_path32 = CrossStage(c16 + c16, c32, blocks=1)

    def forward(self, levels: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Map features at strides 8, 16, 32 to fused ones."""
        x8, x16, x32 = levels
        top = self.reduce32(x32)
        middle = self.down_path16(torch.cat([x16, enlarge(top)], dim=1))
        fine = self.down_path8(torch.cat([x8, enlarge(self.reduce16(middle))], dim=1))
        middle = self.up_path16(torch.cat([self.stride16(fine), middle], dim=1))
        return fine, middle, self.up_path32(torch.cat([self.stride32(middle), top], dim=1))


def enlarge(x: Tensor) -> Tensor:
    """Repeat each cell twice in both directions."""
    return functional.interpolate(x, scale_factor=2.0, mode='nearest')


class Head(nn.Module):
    """Predict class logits and side distances at each cell. Source: FCOS, arXiv 1904.01355."""

    def __init__(self, channels: tuple[int, int, int], hidden: int, classes: int) -> None:
        super().__init__()
        self.shared = nn.ModuleList(ConvNormAct(count, hidden) for count in channels)
        self.to_classes = nn.ModuleList(
            nn.Sequential(ConvNormAct(hidden, hidden), nn.Conv2d(hidden, classes, 1))
            for _ in channels)
        self.to_sides = nn.ModuleList(
            nn.Sequential(ConvNormAct(hidden, hidden), nn.Conv2d(hidden, 4, 1)) for _ in channels)
        for branch in self.to_classes:
            nn.init.constant_(branch[-1].bias, math.log(PRIOR_SCORE / (1 - PRIOR_SCORE)))
        for branch in self.to_sides:
            nn.init.constant_(branch[-1].bias, 1.0)

    def forward(self, levels: tuple[Tensor, Tensor, Tensor]) -> Prediction:
        """Map the neck's levels to predictions over all their cells."""
        logits, boxes, centers, strides = [], [], [], []
        for level, stride in enumerate(STRIDES):
            x = self.shared[level](levels[level])
            sides = functional.softplus(self.to_sides[level](x).float()) * stride  # N, 4, h, w
            sides = sides.flatten(2).transpose(1, 2)  # N, h*w, 4
            center = cell_centers(x.shape[2], x.shape[3], stride, x)
            logits.append(self.to_classes[level](x).float().flatten(2).transpose(1, 2))
            boxes.append(torch.cat(
                [center - sides[..., :2], center + sides[..., 2:]], dim=2))
            centers.append(center)
            strides.append(torch.full_like(center[:, 0], stride))
        return Prediction(
            torch.cat(logits, 1), torch.cat(boxes, 1), torch.cat(centers), torch.cat(strides),
            levels)


def cell_centers(height: int, width: int, stride: int, like: Tensor) -> Tensor:
    """Return x, y of the cells' centers (height * width, 2) in input pixels, row by row."""
    ys = torch.arange(height, device=like.device, dtype=torch.float32)
    xs = torch.arange(width, device=like.device, dtype=torch.float32)
    grid_y, grid_x = torch.meshgrid(ys, xs, indexing='ij')
    return (torch.stack([grid_x.reshape(-1), grid_y.reshape(-1)], dim=1) + 0.5) * stride
