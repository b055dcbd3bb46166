"""How do the rivals learn? All four at once, each on a quarter of every batch, as ours does."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from slim_split_ros.networks.detector import Detector
from slim_split_ros.networks.quantizer import Quantized
from slim_split_ros.networks.rivals.ensemble import MEMBERS, MOST_BITS, quantize_through
from slim_split_ros.networks.rivals.rivals import Rivals
from slim_split_ros.networks.split_detector import normalize
from slim_split_ros.training.batches import Batch
from slim_split_ros.training.codec_objective import draw_rate
from slim_split_ros.training.learning_rates import codec_groups
from slim_split_ros.training.lessons import STEM_STRIDE, learn, teach
from slim_split_ros.training.losses import feature_loss, object_weight
from slim_split_ros.training.rate_control import first_rate_weights, steer_rate, weigh_rate
from slim_split_ros.training.settings import target_bpp
from slim_split_ros.training.stage import half_precision
from slim_split_ros.training.transmit import Group, transmit

PARTS = ('ensemble', 'entropic', 'late', 'static')
ENTROPIC_BPP = 0.12  # bits per input pixel: 2 kB a frame of 416 x 320


class RivalsObjective:
    """
    Train the rivals against a frozen teacher, one shared server behind them.

    A quarter of each batch goes through each rival; what they decode is joined and runs once
    through trunk, neck and head. Losses, learning rates and targets are those of our codec.
    """

    name = 'rivals'

    def __init__(self, rivals: Rivals, detector: Detector, seed: int) -> None:
        self.module = RivalsModule(rivals)
        rivals.start_from(detector)
        self._teacher: Detector = copy.deepcopy(detector).eval().requires_grad_(False)
        self._seed = seed

    def parameter_groups(self, learning_rate: float) -> list[dict]:
        """Return four groups: what starts untrained, the priors, the transform, the server."""
        rivals = self.module.rivals
        server, static = rivals.server, rivals.static
        server.stem.requires_grad_(False)
        rivals.late.stage16.requires_grad_(False)
        return codec_groups(
            learning_rate, (rivals.ensemble.encoder, rivals.ensemble.decoder, rivals.entropic,
                            rivals.late, static.encoder, static.decoder),
            [static.quantizer.log_scale, rivals.entropic.log_scale],
            [static.encoder.transform.weight, static.decoder.synthesis],
            (static.decoder.stem, server.trunk, server.neck, server.head))

    def loss(self, batch: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        """Return the weighted sum of detection, distillation, feature and rate losses."""
        rivals = self.module.rivals
        self._teacher.to(batch.images.device)
        self.module.train()
        rivals.server.stem.eval()
        rivals.late.stage16.eval()
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + step)
        rate = draw_rate(rivals.config.rates, generator)
        rows = _quarters(len(batch.images))
        with half_precision(batch.images.device):
            image = normalize(batch.images)
            teaching = teach(self._teacher, image)
            ensemble = self._ensemble(image[rows[0]], generator)
            entropic, entropic_sent = rivals.entropic(image[rows[1]])
            late = rivals.late(teaching.clean[rows[2]])
            part = image[rows[3]]
            static, (static_sent,) = transmit(
                rivals.static, part, [Group(slice(0, len(part)), 0, rate)])
            decoded = torch.cat([ensemble, entropic, late, static])
            student = rivals.server.from_features(decoded)
        lesson = learn(batch, decoded, student, teaching)
        weight = object_weight(batch.boxes, batch.labels, *decoded.shape[2:], STEM_STRIDE)
        figures = {
            'detection': lesson.detection, 'distillation': lesson.distillation,
            'features': lesson.features,
            **{f'features_{name}': feature_loss(decoded[part], teaching.clean[part], weight[part])
               for name, part in zip(PARTS, rows, strict=True)}}
        bits, bpp = self._rate(
            entropic_sent, static_sent, rate, image.shape[2] * image.shape[3], step)
        values = torch.stack([value.detach() for value in figures.values()]).tolist()
        return lesson.total + bits, {**dict(zip(figures, values, strict=True)), **bpp}

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

    def _rate(self, entropic: Quantized, static: Quantized, rate: int, pixels: int, step: int
              ) -> tuple[Tensor, dict[str, float]]:
        """Return the weighted rate of the two that have one, and steer its weights."""
        module = self.module
        bits = torch.stack([
            weigh_rate(entropic, module.entropic_log_weight, (0, 0), pixels),
            weigh_rate(static, module.static_log_weight, (0, rate), pixels)]).mean()
        sent = torch.stack([entropic.symbol_bits.mean(), static.symbol_bits.mean()])
        entropic_bpp, static_bpp = (sent / pixels).tolist()
        steer_rate(module.entropic_log_weight, (0, 0), entropic_bpp, ENTROPIC_BPP, step)
        target = target_bpp(module.rivals.static.config, 0, rate)
        steer_rate(module.static_log_weight, (0, rate), static_bpp, target, step)
        figures = {'bpp_entropic': entropic_bpp}
        return bits, figures if rate else {**figures, 'bpp_static': static_bpp}


class RivalsModule(nn.Module):
    """Keep the rate weights beside the rivals, so that checkpoints hold them."""

    def __init__(self, rivals: Rivals) -> None:
        super().__init__()
        self.rivals = rivals
        self.register_buffer('entropic_log_weight', first_rate_weights(1, 1))
        self.register_buffer('static_log_weight', first_rate_weights(1, rivals.config.rates))


def _quarters(count: int) -> list[slice]:
    """Return the rows of each part; a batch of fewer than four pictures cannot be shared out."""
    if count < len(PARTS):
        raise ValueError(f'a batch of {count} pictures does not give one to each of {PARTS}')
    edges = [count * part // len(PARTS) for part in range(len(PARTS) + 1)]
    return [slice(first, last) for first, last in zip(edges[:-1], edges[1:], strict=True)]
