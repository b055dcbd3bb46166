"""Stage one: the detector learns from pictures."""

from __future__ import annotations

from torch import Tensor

from slim_split_ros.networks.detector import Detector
from slim_split_ros.networks.split_detector import normalize
from slim_split_ros.training.batches import Batch
from slim_split_ros.training.losses import detection_loss
from slim_split_ros.training.stage import half_precision


class DetectorObjective:
    """Train every part of the detector on pictures."""

    name = 'detector'

    def __init__(self, detector: Detector) -> None:
        self.module = detector

    def parameter_groups(self, learning_rate: float) -> list[dict]:
        """Return one group: all weights learn alike."""
        return [{'params': list(self.module.parameters()), 'initial_lr': learning_rate,
                 'lr': learning_rate}]

    def loss(self, batch: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        """Return the detection loss of a batch."""
        self.module.train()
        with half_precision(batch.images.device):
            prediction = self.module(normalize(batch.images))
        loss = detection_loss(prediction, batch.boxes, batch.labels)
        return loss.total, {'classes': loss.classes.item(), 'boxes': loss.boxes.item()}
