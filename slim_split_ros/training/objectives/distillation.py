"""What a codec learns of a teacher who sees the picture undamaged."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from slim_split_ros.networks.detector import Detector, Prediction
from slim_split_ros.training.data.batches import Batch
from slim_split_ros.training.objectives.losses import (
    distillation_loss,
    feature_loss,
    neck_loss,
    object_weight,
)

FEATURES_WEIGHT = 1.0
ANSWERS_WEIGHT = 1.0
STEM_STRIDE = 8


@dataclass(frozen=True, slots=True)
class TeacherView:
    """What the frozen detector makes of undamaged pictures."""

    features: Tensor  # N, C, h, w: the stem's
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class DistillationLoss:
    """How far the student's answers and features are from the teacher's, unweighted."""

    answers: Tensor
    features: Tensor

    @property
    def total(self) -> Tensor:
        """Return the weighted sum."""
        return ANSWERS_WEIGHT * self.answers + FEATURES_WEIGHT * self.features


@torch.no_grad()
def teacher_view(teacher: Detector, image: Tensor) -> TeacherView:
    """Return the teacher's features and answers for normalized pictures (N, 3, H, W)."""
    features = teacher.stem(image)
    return TeacherView(features, teacher.from_features(features))


def distil(batch: Batch, decoded: Tensor, student: Prediction, clean: TeacherView
           ) -> DistillationLoss:
    """Compare decoded features (N, C, h, w) and the answers to them with the teacher's."""
    weight = object_weight(
        batch.boxes, batch.labels, *clean.features.shape[2:], STEM_STRIDE)
    features = feature_loss(decoded, clean.features, weight) + neck_loss(
        student, clean.prediction, batch.boxes, batch.labels)
    return DistillationLoss(distillation_loss(student, clean.prediction), features)
