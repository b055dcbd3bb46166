"""The first stage: the detector learns from pictures."""

from __future__ import annotations

from torch import Tensor

from slim_split_ros.networks.detector import Detector
from slim_split_ros.networks.split_detector import normalize
from slim_split_ros.training.data.batches import Batch
from slim_split_ros.training.objectives.losses import detection_loss
from slim_split_ros.training.objectives.objective import half_precision

BACKBONE_RATE = 0.3  # share of the learning rate, of layers that start from published weights


class DetectorObjective:
    """Train every part of the detector on pictures."""

    def __init__(self, detector: Detector, name: str = 'detector',
                 backbone_rate: float = BACKBONE_RATE) -> None:
        self.module = detector
        self.name = name
        self._backbone_rate = backbone_rate

    def parameter_groups(self, learning_rate: float) -> list[dict]:
        """Return two groups: what starts untrained, and the backbone."""
        fresh = [*self.module.neck.parameters(), *self.module.head.parameters()]
        backbone = [*self.module.stem.parameters(), *self.module.trunk.parameters()]
        groups = [{'params': fresh, 'initial_lr': learning_rate},
                  {'params': backbone, 'initial_lr': self._backbone_rate * learning_rate}]
        return [{**group, 'lr': group['initial_lr']} for group in groups]

    def loss(self, batch: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        """Return the detection loss of a batch."""
        self.module.train()
        with half_precision(batch.images.device):
            prediction = self.module(normalize(batch.images))
        loss = detection_loss(prediction, batch.boxes, batch.labels)
        return loss.total, {'classes': loss.classes.item(), 'boxes': loss.boxes.item()}
