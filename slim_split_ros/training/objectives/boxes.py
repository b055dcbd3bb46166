"""Overlaps of boxes, all of them corners x0, y0, x1, y1."""

from __future__ import annotations

import math

import torch
from torch import Tensor

TINY = 1e-7


def pairwise_iou(first: Tensor, second: Tensor) -> Tensor:
    """Return the IoU (N, M, A) of every box of (N, M, 4) with every one of (N, A, 4)."""
    low = torch.maximum(first[:, :, None, :2], second[:, None, :, :2])
    high = torch.minimum(first[:, :, None, 2:], second[:, None, :, 2:])
    shared = (high - low).clamp_min(0).prod(-1)
    return shared / (_area(first)[:, :, None] + _area(second)[:, None] - shared + TINY)


def complete_iou(predicted: Tensor, target: Tensor) -> Tensor:
    """
    Return the complete IoU (K,) of paired boxes (K, 4), with a gradient at no overlap too.

    Source: Distance-IoU Loss, arXiv 1911.08287, section 3.3.
    """
    low = torch.maximum(predicted[:, :2], target[:, :2])
    high = torch.minimum(predicted[:, 2:], target[:, 2:])
    shared = (high - low).clamp_min(0).prod(-1)
    iou = shared / (_area(predicted) + _area(target) - shared + TINY)
    hull = torch.maximum(predicted[:, 2:], target[:, 2:]) - torch.minimum(
        predicted[:, :2], target[:, :2])
    offset = (predicted[:, :2] + predicted[:, 2:] - target[:, :2] - target[:, 2:]) / 2
    distance = offset.pow(2).sum(-1) / (hull.pow(2).sum(-1) + TINY)
    shape = (4 / math.pi ** 2) * (_angle(predicted) - _angle(target)).pow(2)
    with torch.no_grad():
        weight = shape / (1 - iou + shape + TINY)
    return iou - distance - weight * shape


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).clamp_min(0).prod(-1)


def _angle(boxes: Tensor) -> Tensor:
    sides = boxes[:, 2:] - boxes[:, :2]
    return torch.atan(sides[:, 0] / (sides[:, 1] + TINY))
