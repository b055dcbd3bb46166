"""
The cells that answer for an object: those whose class and box both fit it best.

Source: task-aligned assignment, TOOD, arXiv 2108.07755, section 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from slim_split_ros.networks.detector import Prediction
from slim_split_ros.training.objectives.boxes import pairwise_iou

CLASS_POWER = 0.5
IOU_POWER = 6.0
CELLS_PER_OBJECT = 10
CENTER_RADIUS = 1.0  # strides; thin goal posts hold no cell's center, so inside is not enough


@dataclass(frozen=True, slots=True)
class Assignment:
    """The answer that each cell should give."""

    scores: Tensor  # N, A, classes: target score, the quality of the assigned cell, else 0
    boxes: Tensor  # N, A, 4: corners of the object that a cell answers for
    assigned: Tensor  # N, A: bool


def assign(prediction: Prediction, boxes: Tensor, labels: Tensor) -> Assignment:
    """Assign objects, boxes (N, M, 4) with labels (N, M), -1 for none, to cells."""
    with torch.no_grad():
        present = (labels >= 0)[..., None]  # N, M, 1
        overlaps = pairwise_iou(boxes, prediction.boxes)  # N, M, A
        scores = prediction.logits.sigmoid()  # N, A, C
        class_scores = scores.gather(
            2, labels.clamp_min(0)[:, None, :].expand(-1, scores.shape[1], -1)).transpose(1, 2)
        quality = class_scores.pow(CLASS_POWER) * overlaps.pow(IOU_POWER)  # N, M, A
        quality = quality * _near(prediction, boxes) * present
        chosen = _choose(quality, overlaps)  # N, M, A
        return _targets(chosen, quality, overlaps, boxes, labels, scores.shape[2])


def _near(prediction: Prediction, boxes: Tensor) -> Tensor:
    """Say which cells (N, M, A) have their center in a box or close to its middle."""
    centers = prediction.centers[None, None]  # 1, 1, A, 2
    inside = ((centers > boxes[:, :, None, :2]) & (centers < boxes[:, :, None, 2:])).all(-1)
    middle = (boxes[..., :2] + boxes[..., 2:])[:, :, None] / 2
    reach = (centers - middle).abs().amax(-1) < CENTER_RADIUS * prediction.strides
    return inside | reach


def _choose(quality: Tensor, overlaps: Tensor) -> Tensor:
    """Keep the best cells of each object, and for each cell the object it overlaps most."""
    best = quality.topk(min(CELLS_PER_OBJECT, quality.shape[2]), dim=2)
    chosen = torch.zeros_like(quality).scatter_(2, best.indices, (best.values > 0).float())
    contested = chosen.sum(1, keepdim=True) > 1  # N, 1, A
    winner = torch.zeros_like(chosen).scatter_(
        1, (overlaps * chosen).argmax(1, keepdim=True), 1.0)
    return torch.where(contested, winner * chosen, chosen)


def _targets(chosen: Tensor, quality: Tensor, overlaps: Tensor, boxes: Tensor, labels: Tensor,
             classes: int) -> Assignment:
    quality = quality * chosen
    scale = (overlaps * chosen).amax(2, keepdim=True) / quality.amax(2, keepdim=True).clamp_min(
        1e-9)
    target_score = (quality * scale).amax(1)  # N, A
    owner = chosen.argmax(1)  # N, A
    assigned = chosen.sum(1) > 0
    owner_label = labels.gather(1, owner).clamp_min(0)
    scores = torch.nn.functional.one_hot(owner_label, classes) * (
        target_score * assigned)[..., None]
    owner_boxes = boxes.gather(1, owner[..., None].expand(-1, -1, 4))
    return Assignment(scores, owner_boxes, assigned)
