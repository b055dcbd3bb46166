"""Stage two: encoder and decoder learn to keep what the detector needs, in few bits."""

from __future__ import annotations

import copy
from dataclasses import dataclass
import math

import torch
from torch import Tensor, nn

from slim_split_ros.networks.detector import Detector, Prediction
from slim_split_ros.networks.quantizer import Quantized
from slim_split_ros.networks.split_detector import SplitDetector, normalize
from slim_split_ros.training.batches import Batch
from slim_split_ros.training.losses import (
    detection_loss,
    distillation_loss,
    feature_loss,
    neck_loss,
    object_weight,
)
from slim_split_ros.training.settings import target_bpp
from slim_split_ros.training.stage import half_precision

CLEAN_SHARE = 0.125  # of a batch that the server also sees undamaged, so that it stays a detector
TRANSFORM_RATE = 0.005  # learning rate of the cosine kernels, small numbers that start right
SERVER_RATE = 0.3  # learning rate of trunk, neck and head, which start trained
FEATURE_WEIGHT = 1.0
DISTILLATION_WEIGHT = 1.0
PRIOR_RATE = 15.0  # learning rate of the prior's scales, or it lags behind and bits mislead
RATE_0_SHARE = 0.65
# Of a batch: narrowest, widest, and two drawn widths. The widest has most to learn.
SHARES = (0.1875, 0.4375, 0.1875, 0.1875)
FIRST_RATE_WEIGHT = 4.0
RATE_WEIGHTS = (0.5, 40.0)  # least and most: a target that is out of reach must not drown the rest
CONTROL_STEPS = 100  # before the prior has settled its bits say little
CONTROL_GAIN = 0.015
SHARED_GAIN = 0.003  # of every weight at once: coarse rates are drawn too rarely to find theirs
STEM_STRIDE = 8


@dataclass(frozen=True, slots=True)
class Group:
    """Part of a batch that goes through the encoder at one width and rate."""

    rows: slice
    width_index: int
    rate: int


class CodecObjective:
    """
    Train encoder, quantizer, decoder and the server's half against a frozen teacher.

    Sandwich rule: each step runs the narrowest, the widest and two drawn widths, each on its
    share of the batch. Source: arXiv 1903.05134, section 3.1. The weight of the bits is driven,
    for each width and rate, so that the mean payload meets its target.
    """

    name = 'codec'

    def __init__(self, model: SplitDetector, seed: int) -> None:
        self.module = CodecModule(model)
        model.decoder.stem.load_state_dict(model.detector.stem.state_dict())
        self._teacher: Detector = copy.deepcopy(model.detector).eval().requires_grad_(False)
        self._seed = seed

    def parameter_groups(self, learning_rate: float) -> list[dict]:
        """Return four groups: what starts untrained, the prior, the transform, the server."""
        model = self.module.model
        model.detector.stem.requires_grad_(False)
        prior = model.quantizer.log_scale
        kernels = [model.encoder.transform.weight, model.decoder.synthesis]
        tuned = [parameter for part in (
            model.decoder.stem, model.detector.trunk, model.detector.neck, model.detector.head)
            for parameter in part.parameters()]
        apart = {id(parameter) for parameter in (prior, *kernels, *tuned)}
        fresh = [parameter for part in (model.encoder, model.decoder)
                 for parameter in part.parameters() if id(parameter) not in apart]
        groups = [{'params': fresh, 'initial_lr': learning_rate},
                  {'params': [prior], 'initial_lr': PRIOR_RATE * learning_rate,
                   'weight_decay': 0.0},
                  {'params': kernels, 'initial_lr': TRANSFORM_RATE * learning_rate,
                   'weight_decay': 0.0},
                  {'params': tuned, 'initial_lr': SERVER_RATE * learning_rate}]
        return [{**group, 'lr': group['initial_lr']} for group in groups]

    def loss(self, batch: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        """Return the weighted sum of detection, distillation, feature and rate losses."""
        model = self.module.model
        self._teacher.to(batch.images.device)
        self.module.train()
        model.detector.stem.eval()
        groups = self._groups(len(batch.images), step)
        with half_precision(batch.images.device):
            image = normalize(batch.images)
            with torch.no_grad():
                clean = self._teacher.stem(image)
                teacher = self._teacher.from_features(clean)
            decoded, sent = self._transmit(image, groups)
            extra = max(1, int(CLEAN_SHARE * len(image)))
            student = model.detector.from_features(
                torch.cat([decoded, clean[:extra].to(decoded.dtype)]))
        boxes = torch.cat([batch.boxes, batch.boxes[:extra]])
        labels = torch.cat([batch.labels, batch.labels[:extra]])
        taught = _join(teacher, extra)
        detection = detection_loss(student, boxes, labels).total
        distilled = distillation_loss(student, taught)
        weight = object_weight(batch.boxes, batch.labels, *clean.shape[2:], STEM_STRIDE)
        features = feature_loss(decoded, clean, weight) + neck_loss(
            student, taught, boxes, labels)
        rate, figures = self._rate(sent, groups, image.shape[2] * image.shape[3], step)
        total = (detection + DISTILLATION_WEIGHT * distilled + FEATURE_WEIGHT * features + rate)
        return total, {'detection': detection.item(), 'distillation': distilled.item(),
                       'features': features.item(), 'rate': rate.item(), **figures}

    def _groups(self, count: int, step: int) -> list[Group]:
        """Share a batch out among widths, and draw a rate for each share."""
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + step)
        config = self.module.model.config
        widths = len(config.widths)
        drawn = torch.randint(widths, (2,), generator=generator).tolist()
        edges = [round(count * sum(SHARES[:part])) for part in range(len(SHARES) + 1)]
        groups = []
        for part, width_index in enumerate((0, widths - 1, *drawn)):
            coarse = torch.rand((), generator=generator).item() >= RATE_0_SHARE
            rate = int(torch.randint(1, config.rates, (), generator=generator)) if (
                coarse and config.rates > 1) else 0
            groups.append(Group(slice(edges[part], edges[part + 1]), width_index, rate))
        return [group for group in groups if group.rows.start < group.rows.stop]

    def _transmit(self, image: Tensor, groups: list[Group]) -> tuple[Tensor, list[Quantized]]:
        """Return decoded features (N, C, h, w) and what each group sent."""
        model = self.module.model
        sent, steps, widths = [], [], []
        for group in groups:
            part = image[group.rows]
            latent = model.encoder(part, model.config.widths[group.width_index]).float()
            sent.append(model.quantizer(latent, group.width_index, group.rate))
            inverse = 1.0 / model.quantizer.gain(group.rate)
            inverse = inverse * (torch.arange(len(inverse)) < latent.shape[1]).to(inverse.device)
            steps.append(inverse[None].expand(len(part), -1))
            widths.append(torch.full((len(part),), group.width_index, device=image.device))
        latents = torch.cat([model.pad(group.latent) for group in sent])
        return model.decoder(latents, torch.cat(steps), torch.cat(widths)), sent

    def _rate(self, sent: list[Quantized], groups: list[Group], pixels: int, step: int
              ) -> tuple[Tensor, dict[str, float]]:
        """Return the weighted rate, and turn each weight until its symbols meet their target."""
        config = self.module.model.config
        weights = self.module.log_rate_weight
        parts, figures = [], {}
        for quantized, group in zip(sent, groups, strict=True):
            cell = (group.width_index, group.rate)
            parts.append(quantized.noisy_bits.mean() / pixels * weights[cell].exp())
            bpp = quantized.symbol_bits.mean().item() / pixels
            if step >= CONTROL_STEPS:
                excess = math.log(max(bpp, 1e-6) / target_bpp(config, *cell))
                weights += SHARED_GAIN * excess
                weights[cell] += (CONTROL_GAIN - SHARED_GAIN) * excess
                weights.clamp_(*(math.log(limit) for limit in RATE_WEIGHTS))
            if group.rate == 0:
                figures[f'bpp_w{config.widths[group.width_index]:g}'] = bpp
        return torch.stack(parts).mean(), figures


class CodecModule(nn.Module):
    """Keep the rate weights beside the model, so that checkpoints hold them."""

    def __init__(self, model: SplitDetector) -> None:
        super().__init__()
        self.model = model
        self.register_buffer('log_rate_weight', torch.full(
            (len(model.config.widths), model.config.rates), math.log(FIRST_RATE_WEIGHT)))


def _join(teacher: Prediction, extra: int) -> Prediction:
    """Append the first rows once more, for those that the student also sees undamaged."""
    return Prediction(
        torch.cat([teacher.logits, teacher.logits[:extra]]),
        torch.cat([teacher.boxes, teacher.boxes[:extra]]), teacher.centers, teacher.strides,
        tuple(torch.cat([level, level[:extra]]) for level in teacher.features))
