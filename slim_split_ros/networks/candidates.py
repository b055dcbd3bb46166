"""Which of a prediction's cells are worth looking at? The best pairs of cell and class."""

from __future__ import annotations

import torch
from torch import Tensor

from slim_split_ros.networks.detector import Prediction

CANDIDATES = 300  # of a frame, before overlapping ones are removed


def top_candidates(prediction: Prediction, count: int = CANDIDATES
                   ) -> tuple[Tensor, Tensor, Tensor]:
    """Return boxes (N, K, 4) in input pixels, falling scores (N, K) and labels (N, K)."""
    classes = prediction.logits.shape[2]
    scores, flat = prediction.logits.flatten(1).sigmoid().topk(count, dim=1)
    cells = torch.div(flat, classes, rounding_mode='floor')
    boxes = prediction.boxes.gather(1, cells[..., None].expand(-1, -1, 4))
    return boxes, scores, flat - cells * classes
