"""Which weights does a stage hand on? A moving average of those it walked through."""

from __future__ import annotations

import copy

import torch
from torch import nn


class WeightAverage:
    """Follow a model's weights with exponential decay, faster while it is young."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Move towards `model` after its step number `step`, counted from 0."""
        decay = min(self._decay, (1 + step) / (10 + step))
        source = model.state_dict()
        for name, value in self.model.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(source[name], 1 - decay)
            else:
                value.copy_(source[name])
