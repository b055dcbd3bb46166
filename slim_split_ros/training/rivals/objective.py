"""How rivals learn: all three split ones at once, each on a third of every batch."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn

from slim_split_ros.networks.detector import Detector
from slim_split_ros.networks.rivals.ensemble import MEMBERS, MOST_BITS, quantize_through
from slim_split_ros.networks.rivals.prior import Quantized
from slim_split_ros.networks.rivals.rivals import Rivals
from slim_split_ros.networks.split_detector import normalize
from slim_split_ros.training.data.batches import Batch
from slim_split_ros.training.objectives.distillation import STEM_STRIDE, distil, teacher_view
from slim_split_ros.training.objectives.losses import detection_loss, feature_loss, object_weight
from slim_split_ros.training.objectives.objective import half_precision

PARTS = ('ensemble', 'entropic', 'late')
# Shares of the learning rate: of trunk, neck and head, which start trained, and of a prior's
# scales, or it lags behind and bits mislead.
SERVER_RATE, PRIOR_RATE = 0.3, 15.0
ENTROPIC_BPP = 0.12  # bits per input pixel: 2 kB a frame of 416 x 320
FIRST_RATE_WEIGHT = 4.0
RATE_WEIGHTS = (0.5, 40.0)  # least and most: a target that is out of reach must not drown the rest
CONTROL_STEPS = 100  # before the prior has settled its bits say little
CONTROL_GAIN = 0.015


class RivalsObjective:
    """
    Train the rivals against a frozen teacher, one shared server behind them.

    A third of each batch goes through each rival; what they decode is joined and runs once
    through trunk, neck and head, which learn to read it.
    """

    name = 'rivals'

    def __init__(self, rivals: Rivals, detector: Detector, seed: int) -> None:
        self.module = RivalsModule(rivals)
        rivals.start_from(detector)
        self._teacher: Detector = copy.deepcopy(detector).eval().requires_grad_(False)
        self._seed = seed

    def parameter_groups(self, learning_rate: float) -> list[dict]:
        """Return three groups: what starts untrained, the prior, the server."""
        rivals = self.module.rivals
        server = rivals.server
        server.stem.requires_grad_(False)
        rivals.late.stage16.requires_grad_(False)
        rivals.static.requires_grad_(False)
        prior = rivals.entropic.log_scale
        fresh = [parameter for part in (rivals.ensemble.encoder, rivals.ensemble.decoder,
                                        rivals.entropic, rivals.late)
                 for parameter in part.parameters()
                 if parameter is not prior and parameter.requires_grad]
        tuned = [parameter for part in (server.trunk, server.neck, server.head)
                 for parameter in part.parameters()]
        groups = [{'params': fresh, 'initial_lr': learning_rate},
                  {'params': [prior], 'initial_lr': PRIOR_RATE * learning_rate,
                   'weight_decay': 0.0},
                  {'params': tuned, 'initial_lr': SERVER_RATE * learning_rate}]
        return [{**group, 'lr': group['initial_lr']} for group in groups]

    def loss(self, batch: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        """Return the weighted sum of detection, distillation, feature and rate losses."""
        rivals = self.module.rivals
        self._teacher.to(batch.images.device)
        self.module.train()
        rivals.server.stem.eval()
        rivals.late.stage16.eval()
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + step)
        rows = _shares(len(batch.images))
        with half_precision(batch.images.device):
            image = normalize(batch.images)
            clean = teacher_view(self._teacher, image)
            ensemble = self._ensemble(image[rows[0]], generator)
            entropic, sent = rivals.entropic(image[rows[1]])
            late = rivals.late(clean.features[rows[2]])
            decoded = torch.cat([ensemble, entropic, late])
            student = rivals.server.from_features(decoded)
        distilled = distil(batch, decoded, student, clean)
        detection = detection_loss(student, batch.boxes, batch.labels).total
        weight = object_weight(batch.boxes, batch.labels, *decoded.shape[2:], STEM_STRIDE)
        figures = {
            'detection': detection, 'distillation': distilled.answers,
            'features': distilled.features,
            **{f'features_{name}': feature_loss(decoded[part], clean.features[part], weight[part])
               for name, part in zip(PARTS, rows, strict=True)}}
        bits, bpp = self._rate(sent, image.shape[2] * image.shape[3], step)
        values = torch.stack([value.detach() for value in figures.values()]).tolist()
        return detection + distilled.total + bits, {
            **dict(zip(figures, values, strict=True)), 'bpp_entropic': bpp}

    def _ensemble(self, image: Tensor, generator: torch.Generator) -> Tensor:
        """Return decoded features; the fewest members and bits, the most, and two drawn pairs."""
        modes = torch.randint(1, MEMBERS + 1, (4, 2), generator=generator)
        modes[0], modes[1] = 1, torch.tensor([MEMBERS, MOST_BITS])
        rows = torch.arange(len(image)) * len(modes) // len(image)
        members, bits = modes[rows].to(image.device).unbind(1)
        ensemble = self.module.rivals.ensemble
        latent = ensemble.encoder.mixed(image, members).float()  # N, 6, h, w
        gain = torch.exp2(bits - 1.0)[:, None].expand(-1, latent.shape[1])
        return ensemble.decoder(quantize_through(latent, gain))

    def _rate(self, sent: Quantized, pixels: int, step: int) -> tuple[Tensor, float]:
        """
        Return the weighted rate of the one that has one, and its bits per pixel.

        The weight follows the symbols' bits until they meet their target.
        """
        log_weight = self.module.entropic_log_weight
        bits = sent.noisy_bits.mean() / pixels * log_weight.exp()
        bpp = sent.symbol_bits.mean().item() / pixels
        if step >= CONTROL_STEPS:
            log_weight += CONTROL_GAIN * math.log(max(bpp, 1e-6) / ENTROPIC_BPP)
            log_weight.clamp_(*(math.log(limit) for limit in RATE_WEIGHTS))
        return bits, bpp


class RivalsModule(nn.Module):
    """Keep the rate weight beside the rivals, so that checkpoints hold it."""

    def __init__(self, rivals: Rivals) -> None:
        super().__init__()
        self.rivals = rivals
        self.register_buffer('entropic_log_weight', torch.tensor(math.log(FIRST_RATE_WEIGHT)))


def _shares(count: int) -> list[slice]:
    """Return the rows of each part; a batch of fewer pictures cannot be shared out."""
    if count < len(PARTS):
        raise ValueError(f'a batch of {count} pictures does not give one to each of {PARTS}')
    edges = [count * part // len(PARTS) for part in range(len(PARTS) + 1)]
    return [slice(first, last) for first, last in zip(edges[:-1], edges[1:], strict=True)]
