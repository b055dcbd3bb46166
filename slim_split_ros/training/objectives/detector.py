"""The first stage: the detector learns from pictures."""

from __future__ import annotations

from functools import cached_property

from torch import Tensor, nn

from slim_split_ros.networks.backbone import fold_norms
from slim_split_ros.networks.detector import Detector, Prediction
from slim_split_ros.networks.split_detector import normalize
from slim_split_ros.training.data.batches import Batch
from slim_split_ros.training.objectives.losses import detection_loss
from slim_split_ros.training.objectives.objective import half_precision

BACKBONE_RATE = 0.3  # share of the learning rate, of layers that start from published weights
# Edges and colours are those of any photograph, and to go back through the layers that find them,
# whose pictures are the largest, takes a third of a step.
FIXED_BLOCKS = 3  # of the stem, to stride 4: they stay as published


class DetectorObjective:
    """Train the detector on pictures: all of it, or what comes after published first layers."""

    def __init__(self, detector: Detector, name: str = 'detector', *, published: bool = False
                 ) -> None:
        self.module = detector
        self.name = name
        self._published = published

    def parameter_groups(self, learning_rate: float) -> list[dict]:
        """Return two groups: what starts untrained, and the backbone."""
        fresh = [*self.module.neck.parameters(), *self.module.head.parameters()]
        stem = self._later_stem if self._published else self.module.stem
        backbone = [*stem.parameters(), *self.module.trunk.parameters()]
        share = BACKBONE_RATE if self._published else 1.0
        groups = [{'params': fresh, 'initial_lr': learning_rate},
                  {'params': backbone, 'initial_lr': share * learning_rate}]
        return [{**group, 'lr': group['initial_lr']} for group in groups]

    def loss(self, batch: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        """Return the detection loss of a batch."""
        self.module.train()
        with half_precision(batch.images.device):
            prediction = self._predict(normalize(batch.images))
        loss = detection_loss(prediction, batch.boxes, batch.labels)
        return loss.total, {'classes': loss.classes.item(), 'boxes': loss.boxes.item()}

    def _predict(self, images: Tensor) -> Prediction:
        if not self._published:
            return self.module(images)
        return self.module.from_features(self._later_stem(self._first_stem(images)))

    @cached_property
    def _first_stem(self) -> nn.Sequential:
        conv, blocks = self.module.stem
        return fold_norms(nn.Sequential(conv, *blocks[:FIXED_BLOCKS]))

    @cached_property
    def _later_stem(self) -> nn.Sequential:
        return self.module.stem[1][FIXED_BLOCKS:]
