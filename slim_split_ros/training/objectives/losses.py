"""What training makes small: detection, distillation and features, each by itself."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from slim_split_ros.networks.detector import STRIDES, Prediction
from slim_split_ros.training.objectives.assignment import assign
from slim_split_ros.training.objectives.boxes import complete_iou

BOX_WEIGHT = 4.0
BACKGROUND_WEIGHT = 0.1  # of a feature cell away from all objects
OBJECT_MARGIN = 8.0  # input pixels around an object that still count as object


@dataclass(frozen=True, slots=True)
class DetectionLoss:
    """Class and box parts, both means over the assigned quality."""

    classes: Tensor
    boxes: Tensor

    @property
    def total(self) -> Tensor:
        """Return the weighted sum."""
        return self.classes + BOX_WEIGHT * self.boxes


def detection_loss(prediction: Prediction, boxes: Tensor, labels: Tensor) -> DetectionLoss:
    """Compare with objects, boxes (N, M, 4) and labels (N, M), -1 for none."""
    target = assign(prediction, boxes, labels)
    quality = target.scores.sum().clamp_min(1.0)
    classes = functional.binary_cross_entropy_with_logits(
        prediction.logits, target.scores, reduction='sum') / quality
    weight = target.scores.sum(-1)[target.assigned]
    overlap = complete_iou(prediction.boxes[target.assigned], target.boxes[target.assigned])
    return DetectionLoss(classes, ((1 - overlap) * weight).sum() / quality)


def distillation_loss(student: Prediction, teacher: Prediction) -> Tensor:
    """
    Ask for the teacher's scores everywhere and its boxes where it saw something.

    Source: in-place distillation, arXiv 1903.05134, section 3.3; the widest path teaches.
    """
    scores = teacher.logits.detach().sigmoid()
    certainty = scores.amax(-1)  # N, A
    quality = certainty.sum().clamp_min(1.0)
    classes = functional.binary_cross_entropy_with_logits(
        student.logits, scores, reduction='none') - functional.binary_cross_entropy(
        scores, scores, reduction='none')
    seen = certainty > 0.1
    overlap = complete_iou(student.boxes[seen], teacher.boxes.detach()[seen])
    return classes.sum() / quality + BOX_WEIGHT * (
        (1 - overlap) * certainty[seen]).sum() / quality


def feature_loss(student: Tensor, teacher: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted squared error of features (N, C, h, w), relative to their power."""
    teacher = teacher.detach().float()
    error = (student.float() - teacher).pow(2).mean(1)  # N, h, w
    power = (teacher.pow(2).mean(1) * weight).sum()
    return (error * weight).sum() / power.clamp_min(1e-6)


def object_weight(boxes: Tensor, labels: Tensor, height: int, width: int, stride: int) -> Tensor:
    """
    Return a weight (N, height, width) of 1 on and beside objects, little elsewhere.

    Bits belong to objects; without it most are spent on floor and ceiling.
    """
    xs = (torch.arange(width, device=boxes.device) + 0.5) * stride
    ys = (torch.arange(height, device=boxes.device) + 0.5) * stride
    grown = torch.cat([boxes[..., :2] - OBJECT_MARGIN, boxes[..., 2:] + OBJECT_MARGIN], dim=-1)
    grown = torch.where((labels >= 0)[..., None], grown, torch.full_like(grown, -1e6))
    in_x = (xs > grown[..., :1]) & (xs < grown[..., 2:3])  # N, M, width
    in_y = (ys > grown[..., 1:2]) & (ys < grown[..., 3:4])  # N, M, height
    objects = (in_y[..., :, None] & in_x[..., None, :]).any(1)
    return torch.where(objects, 1.0, BACKGROUND_WEIGHT)


def neck_loss(student: Prediction, teacher: Prediction, boxes: Tensor, labels: Tensor) -> Tensor:
    """Return the mean feature loss over the neck's levels."""
    losses = []
    for mine, yours, stride in zip(student.features, teacher.features, STRIDES, strict=True):
        weight = object_weight(boxes, labels, *mine.shape[2:], stride)
        losses.append(feature_loss(mine, yours, weight))
    return torch.stack(losses).mean()
