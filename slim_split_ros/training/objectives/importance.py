"""The cells of a picture that should matter: those of objects, most of all small ones."""

from __future__ import annotations

import torch
from torch import Tensor

from slim_split_ros.networks.config import LATENT_STRIDE
from slim_split_ros.networks.levels import SMALL_SIDE

MARGIN = 4.0  # input pixels around an object whose cells count as its own
# Of a small one: cells that it barely enters cost much and help little (`docs/experiments.md`).
SMALL_MARGIN = -2.0
DROPPED = 0.15  # chance that an object is not seen, in made-up levels
INVENTED = 0.05  # chance that a cell of scenery is taken for an object
UNIFORM = 0.08  # chance that a whole picture has one level


def importance_targets(boxes: Tensor, labels: Tensor, height: int, width: int) -> Tensor:
    """
    Return 0 or 1 (N, 2, height, width) for each cell: part of any object, part of a small one.

    Boxes are corners (N, M, 4) in input pixels with labels (N, M), -1 for none.
    """
    seen = labels >= 0
    return torch.stack([
        _cells_of(boxes, seen, MARGIN, height, width),
        _cells_of(boxes, seen & _is_small(boxes), SMALL_MARGIN, height, width)], dim=1).float()


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
    small = seen & (_is_small(boxes) ^ (chance(count, most) < DROPPED))  # N, M
    levels = torch.maximum(
        _cells_of(boxes, seen, MARGIN, height, width).float(),
        2.0 * _cells_of(boxes, small, SMALL_MARGIN, height, width))  # N, h, w
    invented = (chance(count, height, width) < INVENTED) * (1.0 + (
        chance(count, height, width) < 0.5))
    levels = torch.maximum(levels, invented)
    uniform = (chance(count) < UNIFORM)[:, None, None]
    return torch.where(uniform, (3.0 * chance(count)).floor()[:, None, None], levels)[:, None]


def _is_small(boxes: Tensor) -> Tensor:
    sides = boxes[..., 2:] - boxes[..., :2]
    return sides.clamp_min(0).prod(-1) < SMALL_SIDE ** 2


def _cells_of(boxes: Tensor, chosen: Tensor, margin: float, height: int, width: int) -> Tensor:
    """
    Say which cells (N, height, width) lie in a chosen box (N, M) grown by a margin.

    A box keeps the cell of its center, however much it shrinks.
    """
    center = (boxes[..., :2] + boxes[..., 2:]) / 2
    low = torch.minimum(boxes[..., :2] - margin, center)
    high = torch.maximum(boxes[..., 2:] + margin, center)
    left = torch.arange(width, device=boxes.device) * LATENT_STRIDE
    top = torch.arange(height, device=boxes.device) * LATENT_STRIDE
    in_x = (left + LATENT_STRIDE > low[..., :1]) & (left <= high[..., :1])  # N, M, width
    in_y = (top + LATENT_STRIDE > low[..., 1:]) & (top <= high[..., 1:])  # N, M, height
    cells = in_y[..., :, None] & in_x[..., None, :] & chosen[..., None, None]
    return cells.any(1)
