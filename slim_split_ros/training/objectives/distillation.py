"""What does a codec learn from a batch? To please a teacher who saw the picture undamaged."""

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

FEATURE_WEIGHT = 1.0
DISTILLATION_WEIGHT = 1.0
STEM_STRIDE = 8


@dataclass(frozen=True, slots=True)
class Teaching:
    """What the frozen detector makes of undamaged pictures."""

    clean: Tensor  # N, C, h, w: the stem's features
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class Lesson:
    """The parts of a loss, unweighted."""

    distillation: Tensor
    features: Tensor

    @property
    def total(self) -> Tensor:
        """Return the weighted sum."""
        return DISTILLATION_WEIGHT * self.distillation + FEATURE_WEIGHT * self.features


@torch.no_grad()
def teach(teacher: Detector, image: Tensor) -> Teaching:
    """Return the teacher's features and answers for normalized pictures (N, 3, H, W)."""
    clean = teacher.stem(image)
    return Teaching(clean, teacher.from_features(clean))


def learn(batch: Batch, decoded: Tensor, student: Prediction, teaching: Teaching) -> Lesson:
    """Compare decoded features (N, C, h, w) and the answers to them with the teacher's."""
    weight = object_weight(
        batch.boxes, batch.labels, *teaching.clean.shape[2:], STEM_STRIDE)
    features = feature_loss(decoded, teaching.clean, weight) + neck_loss(
        student, teaching.prediction, batch.boxes, batch.labels)
    return Lesson(distillation_loss(student, teaching.prediction), features)
