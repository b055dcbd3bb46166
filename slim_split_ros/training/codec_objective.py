"""Stage three: the server learns to detect in pictures that are coarse where nothing matters."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from slim_split_ros.networks.detector import Detector
from slim_split_ros.networks.quantizer import pad_channels, rate_gain
from slim_split_ros.networks.split_detector import SplitDetector, normalize
from slim_split_ros.training.batches import Batch
from slim_split_ros.training.importance import made_up_levels
from slim_split_ros.training.learning_rates import SERVER_RATE
from slim_split_ros.training.lessons import learn, teach
from slim_split_ros.training.stage import half_precision

CLEAN_SHARE = 0.125  # of a batch that the server also sees undamaged, so that it stays a detector
RATE_0_SHARE = 0.65


class CodecObjective:
    """
    Train what the server runs against a frozen teacher, with the robot's symbols as they are.

    Each picture has a width, a rate and levels of its own. Levels are made up, see
    `importance.made_up_levels`.
    """

    name = 'codec'

    def __init__(self, model: SplitDetector, seed: int) -> None:
        self.module = model
        self._teacher: Detector = copy.deepcopy(model.detector).eval().requires_grad_(False)
        self._seed = seed

    def parameter_groups(self, learning_rate: float) -> list[dict]:
        """Return one group: all that learns here starts trained; the stem stays as it is."""
        model, server = self.module, self.module.detector
        model.encoder.requires_grad_(False)
        server.stem.requires_grad_(False)
        tuned = [parameter for part in (server.trunk, server.neck, server.head)
                 for parameter in part.parameters()]
        rate = SERVER_RATE * learning_rate
        return [{'params': tuned, 'initial_lr': rate, 'lr': rate}]

    def loss(self, batch: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        """Return the weighted sum of detection, distillation and feature losses."""
        model = self.module
        self._teacher.to(batch.images.device)
        model.train()
        model.detector.stem.eval()
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + step)
        with half_precision(batch.images.device):
            image = normalize(batch.images)
            teaching = teach(self._teacher, image)
            symbols, steps, widths = self._send(image, batch, generator)
            with torch.no_grad():
                decoded = model.detector.stem(model.decoder(symbols, steps, widths))
            extra = max(1, int(CLEAN_SHARE * len(image)))
            student = model.detector.from_features(
                torch.cat([decoded, teaching.clean[:extra].to(decoded.dtype)]))
        lesson = learn(batch, decoded, student, teaching)
        return lesson.total, {
            'detection': lesson.detection.item(), 'distillation': lesson.distillation.item(),
            'features': lesson.features.item()}

    @torch.no_grad()
    def _send(self, image: Tensor, batch: Batch, generator: torch.Generator
              ) -> tuple[Tensor, Tensor, Tensor]:
        """Return symbols (N, L, h, w), steps (N, L) and width indices (N,)."""
        config, encoder = self.module.config, self.module.encoder
        stride = encoder.transform.shape[-1]
        levels = made_up_levels(batch.boxes, batch.labels, image.shape[2] // stride,
                                image.shape[3] // stride, generator)
        count = len(image)
        widths = torch.randint(len(config.widths), (count,), generator=generator)
        gains = torch.stack([rate_gain(config, draw_rate(config.rates, generator))
                             for _ in range(count)]).to(image.device)
        symbols = torch.empty(count, config.latent_channels, *levels.shape[2:],
                              device=image.device)
        for index in widths.unique().tolist():
            rows = torch.nonzero(widths == index)[:, 0].to(image.device)
            symbols[rows] = pad_channels(encoder.symbols(
                image[rows], levels[rows], config.widths[index], gains[rows]),
                config.latent_channels)
        return symbols, 1.0 / gains, widths.to(image.device)


def draw_rate(rates: int, generator: torch.Generator) -> int:
    """Return rate 0 more often than all others together, which are equally likely."""
    other = torch.rand((), generator=generator).item() >= RATE_0_SHARE
    return int(torch.randint(1, rates, (), generator=generator)) if other and rates > 1 else 0
