"""The third stage: the server learns to repair pictures that were sent coarsely."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

from slim_split_ros.networks.decoder import Decoder
from slim_split_ros.networks.levels import choose_levels
from slim_split_ros.networks.quantizer import pad_channels, rate_gain
from slim_split_ros.networks.split_detector import SplitDetector, normalize
from slim_split_ros.training.data.batches import Batch
from slim_split_ros.training.objectives.distillation import distil, teacher_view
from slim_split_ros.training.objectives.importance import made_up_levels
from slim_split_ros.training.objectives.objective import half_precision

RATE_0_SHARE = 0.45
OWN_SHARE = 0.6  # of pictures whose levels are the encoder's own; the others' are made up
SHIFT = 0.7  # deviation of the encoder's logits from where thresholds expect them
LOST_SHARE = 0.06  # of cells whose level the encoder takes for 0: it errs little where it learnt


class CodecObjective:
    """
    Train the decoder's repairs, with the robot's symbols as they are and the detector as it is.

    What the detector makes of a repaired picture, features and answers, is to be what it makes
    of the camera's. Features alone are easier to learn and find fewer thin objects
    (`docs/experiments.md`).
    Each picture has a width, a rate and levels of its own.
    """

    name = 'codec'

    def __init__(self, model: SplitDetector, seed: int) -> None:
        self.module = model
        self._coarse = coarse_modes(model.decoder)
        self._seed = seed

    def parameter_groups(self, learning_rate: float) -> list[dict]:
        """Return one group; everything but repairs stays as it is."""
        self.module.requires_grad_(False)
        restorer = self.module.decoder.restorer.requires_grad_(True)
        return [{'params': list(restorer.parameters()), 'initial_lr': learning_rate,
                 'lr': learning_rate}]

    def loss(self, batch: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        """Return the weighted sum of distillation and feature losses, and each."""
        model = self.module.eval()
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + step)
        with half_precision(batch.images.device):
            image = normalize(batch.images)
            clean = teacher_view(model.detector, image)
            decoded = model.detector.stem(model.decoder(*self._send(image, batch, generator)))
            student = model.detector.from_features(decoded)
        distilled = distil(batch, decoded, student, clean)
        return distilled.total, {
            'distillation': distilled.answers.item(), 'features': distilled.features.item()}

    @torch.no_grad()
    def _send(self, image: Tensor, batch: Batch, generator: torch.Generator
              ) -> tuple[Tensor, Tensor, Tensor]:
        """Return symbols (N, L, h, w), steps (N, L) and width indices (N,)."""
        config, encoder = self.module.config, self.module.encoder
        count, device = len(image), image.device
        modes = [draw_mode(self._coarse, generator) for _ in range(count)]
        widths = torch.tensor([width for width, _ in modes])
        gains = torch.stack([
            rate_gain(config, config.widths[width], rate) for width, rate in modes]).to(device)
        symbols = torch.empty(
            count, config.latent_channels, *self._cells(image), device=device)
        levels = self._levels(image, batch, widths, gains[:, 0], generator)
        for index in widths.unique().tolist():
            rows = torch.nonzero(widths == index)[:, 0].to(device)
            symbols[rows] = pad_channels(encoder.symbols(
                image[rows], levels[rows], config.widths[index], gains[rows]),
                config.latent_channels)
        return symbols, 1.0 / gains, widths.to(device)

    def _levels(self, image: Tensor, batch: Batch, widths: Tensor, odds_gains: Tensor,
                generator: torch.Generator) -> Tensor:
        """Return levels (N, 1, h, w), the encoder's own or made up, with mistakes in both."""
        def chance(*shape: int) -> Tensor:
            return torch.rand(shape, generator=generator).to(image.device)

        config, cells = self.module.config, self._cells(image)
        levels = made_up_levels(batch.boxes, batch.labels, *cells, generator)
        is_own = chance(len(image)) < OWN_SHARE
        shifts = SHIFT * torch.randn((len(image), 1, 1, 1), generator=generator).to(image.device)
        lost = chance(len(image), 1, *cells) < LOST_SHARE
        for index in widths.unique().tolist():
            rows = torch.nonzero((widths.to(image.device) == index) & is_own)[:, 0]
            importance = self.module.encoder.importance(image[rows], config.widths[index])
            own = choose_levels(
                importance.float() + shifts[rows], config, odds_gains[rows])
            levels[rows] = torch.where(lost[rows], 0.0, own)
        return levels

    def _cells(self, image: Tensor) -> tuple[int, int]:
        stride = self.module.encoder.transform.shape[-1]
        return image.shape[2] // stride, image.shape[3] // stride


def coarse_modes(decoder: Decoder) -> list[tuple[int, int]]:
    """Return the width indices and rates whose frames are repaired: others teach nothing."""
    config = decoder.config
    modes = list(product(range(len(config.widths)), range(config.rates)))
    steps = torch.stack([
        1.0 / rate_gain(config, config.widths[width], rate) for width, rate in modes])
    indices = torch.tensor([width for width, _ in modes])
    coarse = decoder.is_coarse(steps.to(decoder.width_steps.device), indices).tolist()
    return [mode for mode, is_coarse in zip(modes, coarse, strict=True) if is_coarse]


def draw_mode(modes: list[tuple[int, int]], generator: torch.Generator) -> tuple[int, int]:
    """Return a width index and a rate; rate 0 more often than any other."""
    favoured = torch.rand((), generator=generator).item() < RATE_0_SHARE
    some = [mode for mode in modes if (mode[1] == 0) == favoured] or modes
    return some[int(torch.randint(len(some), (), generator=generator))]
