"""The moving average of weights that a stage hands on."""

from __future__ import annotations

import copy

import torch
from torch import nn


class WeightAverage:
    """Follow a model's weights with exponential decay, faster while it is young."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self._decay = decay
        # Both change in place alone, and one call for all is a tenth of the time of one for each.
        pairs = list(zip(self.model.state_dict().values(), model.state_dict().values(),
                         strict=True))
        self._floats = [pair for pair in pairs if pair[0].dtype.is_floating_point]
        self._counts = [pair for pair in pairs if not pair[0].dtype.is_floating_point]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move towards the model after its step number `step`, counted from 0."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_([average for average, _ in self._floats],
                             [value for _, value in self._floats], 1 - decay)
        for average, value in self._counts:
            average.copy_(value)
