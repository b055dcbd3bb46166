"""The server learns to repair pictures so that they are right as pictures, for any detector."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor
from torch.nn import functional

from slim_split_ros.networks.backbone import Stem
from slim_split_ros.networks.decoder import Decoder
from slim_split_ros.networks.encoder import SlimmableEncoder
from slim_split_ros.networks.split_detector import PIXEL_DEVIATION, PIXEL_MEAN, normalize
from slim_split_ros.training.data.batches import Batch
from slim_split_ros.training.objectives.losses import feature_loss
from slim_split_ros.training.objectives.objective import half_precision
from slim_split_ros.training.objectives.sent_pictures import SentPictures
from slim_split_ros.training.objectives.similarity import structural_similarity

SMALLEST_ERROR = 0.02  # about a grey level: errors below count less and less
SCALES = (1, 2, 4)  # at which edges are compared
EDGES_WEIGHT = 1.0
STRUCTURE_WEIGHT = 0.3
FEATURES_WEIGHT = 0.1
RATE_0_SHARE = 0.0  # every width and rate is drawn as often: all are somebody's picture


class PictureObjective:
    """
    Train the decoder's repairs to give the camera's picture, as near as symbols tell it.

    Pixels, edges at several scales, structure and the first features of a backbone that knows
    photographs; no detector, which would ask for patterns that were not there.
    """

    name = 'repairs'

    def __init__(self, decoder: Decoder, encoder: SlimmableEncoder, backbone: Stem, seed: int
                 ) -> None:
        self.module = decoder
        self._encoder = encoder.eval()
        self._backbone = backbone.eval().requires_grad_(False)
        config = decoder.config
        modes = list(product(range(len(config.widths)), range(config.rates)))
        self._sent = SentPictures(encoder, modes, RATE_0_SHARE, seed)

    def parameter_groups(self, learning_rate: float) -> list[dict]:
        """Return one group."""
        return [{'params': list(self.module.parameters()), 'initial_lr': learning_rate,
                 'lr': learning_rate}]

    def loss(self, batch: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        """Return the weighted sum of all errors, and each."""
        device = batch.images.device
        self._encoder.to(device)
        self._backbone.to(device)
        clean = normalize(batch.images)
        with half_precision(device):
            rebuilt = self.module(*self._sent.send(clean, batch, step))
            # A backbone costs as much as all else: half of the pictures teach as well.
            seen, expected = self._backbone(rebuilt[::2]), self._backbone(clean[::2])
        rebuilt = rebuilt.float()
        within = as_pixels(rebuilt)
        losses = {
            'pixels': pixel_loss(rebuilt, clean),
            'edges': EDGES_WEIGHT * edge_loss(rebuilt, clean),
            'structure': STRUCTURE_WEIGHT * (1.0 - structural_similarity(
                within, as_pixels(clean), 255.0).mean()),
            'features': FEATURES_WEIGHT * feature_loss(
                seen, expected, torch.ones_like(expected[:, 0], dtype=torch.float32)),
        }
        return torch.stack(list(losses.values())).sum(), {
            name: value.item() for name, value in losses.items()}


def as_pixels(values: Tensor) -> Tensor:
    """Return normalized values as grey levels, 0 to 255, not rounded."""
    return values * PIXEL_DEVIATION + PIXEL_MEAN


def pixel_loss(rebuilt: Tensor, clean: Tensor) -> Tensor:
    """
    Return the mean error of values (N, 3, H, W), smooth at 0.

    Source: Charbonnier's loss, as in Deep Laplacian Pyramid Networks, arXiv 1704.03915.
    """
    return ((rebuilt - clean) ** 2 + SMALLEST_ERROR ** 2).sqrt().mean()


def edge_loss(rebuilt: Tensor, clean: Tensor) -> Tensor:
    """Return the mean error of the differences between neighbours, over scales."""
    losses = []
    error = rebuilt - clean
    for scale in SCALES:
        part = functional.avg_pool2d(error, scale)
        losses += [part.diff(dim=2).abs().mean(), part.diff(dim=3).abs().mean()]
    return torch.stack(losses).mean()
