"""Which cells of a picture should matter? Those of labelled objects, most of all small ones."""

from __future__ import annotations

import torch
from torch import Tensor

from slim_split_ros.networks.config import LATENT_STRIDE
from slim_split_ros.networks.levels import SMALL_SIDE

MARGIN = 6.0  # input pixels around an object whose cells count as its own
DROPPED = 0.15  # chance that an object is not seen, in made-up levels
INVENTED = 0.05  # chance that a cell of scenery is taken for an object
UNIFORM = 0.08  # chance that a whole picture has one level


def importance_targets(boxes: Tensor, labels: Tensor, height: int, width: int) -> Tensor:
    """
    Return 0 or 1 (N, 2, height, width) for each cell: part of any object, part of a small one.

    Boxes are corners (N, M, 4) in input pixels with labels (N, M), -1 for none.
    """
    cells = _covered(boxes, height, width) & (labels >= 0)[..., None, None]  # N, M, h, w
    small = _is_small(boxes)[..., None, None]
    return torch.stack([cells.any(1), (cells & small).any(1)], dim=1).float()


def made_up_levels(boxes: Tensor, labels: Tensor, height: int, width: int,
                   generator: torch.Generator) -> Tensor:
    """
    Return levels (N, 1, height, width) as an encoder that errs might choose them.

    So the server learns to read any levels, and need not wait for the encoder's training.
    """
    def chance(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator).to(boxes.device)

    count, most = labels.shape
    seen = (labels >= 0) & (chance(count, most) >= DROPPED)
    level = 1.0 + (_is_small(boxes) ^ (chance(count, most) < DROPPED)).float()  # N, M
    cells = _covered(boxes, height, width) & seen[..., None, None]
    levels = (cells * level[..., None, None]).amax(1)  # N, h, w
    invented = (chance(count, height, width) < INVENTED) * (1.0 + (
        chance(count, height, width) < 0.5))
    levels = torch.maximum(levels, invented)
    uniform = (chance(count) < UNIFORM)[:, None, None]
    return torch.where(uniform, (3.0 * chance(count)).floor()[:, None, None], levels)[:, None]


def _is_small(boxes: Tensor) -> Tensor:
    sides = boxes[..., 2:] - boxes[..., :2]
    return sides.clamp_min(0).prod(-1) < SMALL_SIDE ** 2


def _covered(boxes: Tensor, height: int, width: int) -> Tensor:
    """Say which cells (N, M, height, width) lie in boxes grown by the margin."""
    low, high = boxes[..., :2] - MARGIN, boxes[..., 2:] + MARGIN
    left = torch.arange(width, device=boxes.device) * LATENT_STRIDE
    top = torch.arange(height, device=boxes.device) * LATENT_STRIDE
    in_x = (left + LATENT_STRIDE > low[..., :1]) & (left < high[..., :1])  # N, M, width
    in_y = (top + LATENT_STRIDE > low[..., 1:]) & (top < high[..., 1:])  # N, M, height
    return in_y[..., :, None] & in_x[..., None, :]
