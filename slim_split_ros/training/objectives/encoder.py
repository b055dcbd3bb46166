"""The second stage: the encoder learns to tell, at every width, which cells matter."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from slim_split_ros.networks.config import LATENT_STRIDE
from slim_split_ros.networks.encoder import SlimmableEncoder
from slim_split_ros.networks.split_detector import normalize
from slim_split_ros.training.data.batches import Batch
from slim_split_ros.training.objectives.importance import importance_targets
from slim_split_ros.training.objectives.objective import half_precision

OBJECT_WEIGHT = 3.0  # of a cell that matters: one that is missed costs more than one too many
TRUTH_SHARE = 0.5  # of a narrower width's target; the rest is what the widest says


class EncoderObjective:
    """
    Train the network of all widths together.

    Sandwich rule with in-place distillation: each step runs the widest, the narrowest and a
    drawn width. Source: arXiv 1903.05134, sections 3.1 and 3.3.
    """

    def __init__(self, encoder: SlimmableEncoder, seed: int, name: str = 'encoder') -> None:
        self.module = encoder
        self.name = name
        self._seed = seed

    def parameter_groups(self, learning_rate: float) -> list[dict]:
        """Return one group: all weights learn alike, those too that another stage froze."""
        self.module.requires_grad_(True)
        return [{'params': list(self.module.parameters()), 'initial_lr': learning_rate,
                 'lr': learning_rate}]

    def loss(self, batch: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        """Return the weighted cross entropy of the cells' two chances, summed over widths."""
        self.module.train()
        image = normalize(batch.images)
        height, width = (side // LATENT_STRIDE for side in image.shape[2:])
        target = importance_targets(batch.boxes, batch.labels, height, width)
        weight = 1.0 + (OBJECT_WEIGHT - 1.0) * target
        losses = {}
        for share in self._widths(step):
            with half_precision(image.device):
                logits = self.module.importance(image, share)
            logits = logits.float()
            losses[f'loss_w{share:g}'] = functional.binary_cross_entropy_with_logits(
                logits, target, weight)
            if share == 1.0:
                target = TRUTH_SHARE * target + (1 - TRUTH_SHARE) * logits.detach().sigmoid()
        total = torch.stack(list(losses.values())).sum()
        return total, {name: value.item() for name, value in losses.items()}

    def _widths(self, step: int) -> list[float]:
        """Return the widest, then the narrowest and one between them, where there are more."""
        widths = self.module.config.widths
        if len(widths) < 3:
            return list(reversed(widths))
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + step)
        drawn = int(torch.randint(1, len(widths) - 1, (), generator=generator))
        return [widths[-1], widths[0], widths[drawn]]
