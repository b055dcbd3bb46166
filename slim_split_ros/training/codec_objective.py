"""Stage two: encoder and decoder learn to keep what the detector needs, in few bits."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from slim_split_ros.networks.detector import Detector
from slim_split_ros.networks.quantizer import Quantized
from slim_split_ros.networks.split_detector import SplitDetector, normalize
from slim_split_ros.training.batches import Batch
from slim_split_ros.training.learning_rates import codec_groups
from slim_split_ros.training.lessons import learn, teach
from slim_split_ros.training.rate_control import first_rate_weights, steer_rate, weigh_rate
from slim_split_ros.training.settings import target_bpp
from slim_split_ros.training.stage import half_precision
from slim_split_ros.training.transmit import Group, transmit

CLEAN_SHARE = 0.125  # of a batch that the server also sees undamaged, so that it stays a detector
RATE_0_SHARE = 0.65
# Of a batch: narrowest, widest, and two drawn widths. The widest has most to learn.
SHARES = (0.1875, 0.4375, 0.1875, 0.1875)


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
        server = model.detector
        server.stem.requires_grad_(False)
        return codec_groups(
            learning_rate, (model.encoder, model.decoder), [model.quantizer.log_scale],
            [model.encoder.transform.weight, model.decoder.synthesis],
            (model.decoder.stem, server.trunk, server.neck, server.head))

    def loss(self, batch: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        """Return the weighted sum of detection, distillation, feature and rate losses."""
        model = self.module.model
        self._teacher.to(batch.images.device)
        self.module.train()
        model.detector.stem.eval()
        groups = self._groups(len(batch.images), step)
        with half_precision(batch.images.device):
            image = normalize(batch.images)
            teaching = teach(self._teacher, image)
            decoded, sent = transmit(model, image, groups)
            extra = max(1, int(CLEAN_SHARE * len(image)))
            student = model.detector.from_features(
                torch.cat([decoded, teaching.clean[:extra].to(decoded.dtype)]))
        lesson = learn(batch, decoded, student, teaching)
        rate, figures = self._rate(sent, groups, image.shape[2] * image.shape[3], step)
        return lesson.total + rate, {
            'detection': lesson.detection.item(), 'distillation': lesson.distillation.item(),
            'features': lesson.features.item(), 'rate': rate.item(), **figures}

    def _groups(self, count: int, step: int) -> list[Group]:
        """Share a batch out among widths, and draw a rate for each share."""
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + step)
        config = self.module.model.config
        widths = len(config.widths)
        drawn = torch.randint(widths, (2,), generator=generator).tolist()
        edges = [round(count * sum(SHARES[:part])) for part in range(len(SHARES) + 1)]
        groups = [Group(slice(edges[part], edges[part + 1]), width_index,
                        draw_rate(config.rates, generator))
                  for part, width_index in enumerate((0, widths - 1, *drawn))]
        return [group for group in groups if group.rows.start < group.rows.stop]

    def _rate(self, sent: list[Quantized], groups: list[Group], pixels: int, step: int
              ) -> tuple[Tensor, dict[str, float]]:
        """Return the weighted rate, and turn each weight until its symbols meet their target."""
        config = self.module.model.config
        weights = self.module.log_rate_weight
        parts, figures = [], {}
        for quantized, group in zip(sent, groups, strict=True):
            cell = (group.width_index, group.rate)
            parts.append(weigh_rate(quantized, weights, cell, pixels))
            bpp = quantized.symbol_bits.mean().item() / pixels
            steer_rate(weights, cell, bpp, target_bpp(config, *cell), step)
            if group.rate == 0:
                figures[f'bpp_w{config.widths[group.width_index]:g}'] = bpp
        return torch.stack(parts).mean(), figures


class CodecModule(nn.Module):
    """Keep the rate weights beside the model, so that checkpoints hold them."""

    def __init__(self, model: SplitDetector) -> None:
        super().__init__()
        self.model = model
        self.register_buffer(
            'log_rate_weight', first_rate_weights(len(model.config.widths), model.config.rates))


def draw_rate(rates: int, generator: torch.Generator) -> int:
    """Return rate 0 more often than all others together, which are equally likely."""
    coarse = torch.rand((), generator=generator).item() >= RATE_0_SHARE
    return int(torch.randint(1, rates, (), generator=generator)) if coarse and rates > 1 else 0
