"""What every stage's objective is: a module, its loss, and the precision it computes in."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from slim_split_ros.training.data.batches import Batch


class Objective(Protocol):
    """What a stage trains: a module and its loss."""

    name: str
    module: nn.Module

    def parameter_groups(self, learning_rate: float) -> list[dict]:
        """Return the optimizer's groups."""

    def loss(self, batch: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        """Return the loss of a batch and the figures to log."""


def half_precision(device: torch.device) -> torch.autocast:
    """Return the context in which convolutions take bfloat16 where that is faster."""
    able = device.type == 'cuda' or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast(device.type, torch.bfloat16, enabled=able)
