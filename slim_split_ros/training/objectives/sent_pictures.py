"""What reaches the server of a picture: symbols at some width and rate, with levels that err."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

from slim_split_ros.networks.decoder import Decoder
from slim_split_ros.networks.encoder import SlimmableEncoder
from slim_split_ros.networks.levels import choose_levels
from slim_split_ros.networks.quantizer import pad_channels, rate_gain
from slim_split_ros.training.data.batches import Batch
from slim_split_ros.training.objectives.importance import made_up_levels

OWN_SHARE = 0.6  # of pictures whose levels are the encoder's own; the others' are made up
SHIFT = 0.7  # deviation of the encoder's logits from where thresholds expect them
LOST_SHARE = 0.06  # of cells whose level the encoder takes for 0: it errs little where it learnt

Mode = tuple[int, int]  # a width's index and a rate


class SentPictures:
    """Encode batches, each picture at a width, a rate and levels of its own."""

    def __init__(self, encoder: SlimmableEncoder, modes: list[Mode], rate_0_share: float,
                 seed: int) -> None:
        self._encoder = encoder
        self._modes = modes
        self._rate_0_share = rate_0_share
        self._seed = seed

    @torch.no_grad()
    def send(self, image: Tensor, batch: Batch, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """
        Return symbols (N, L, h, w), steps (N, L) and width indices (N,).

        Of the batch's normalized pictures (N, 3, H, W); what is drawn depends on seed and step.
        """
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + step)
        config = self._encoder.config
        count, device = len(image), image.device
        modes = [draw_mode(self._modes, self._rate_0_share, generator) for _ in range(count)]
        widths = torch.tensor([width for width, _ in modes])
        gains = torch.stack([
            rate_gain(config, config.widths[width], rate) for width, rate in modes]).to(device)
        symbols = torch.empty(
            count, config.latent_channels, *self._cells(image), device=device)
        levels = self._levels(image, batch, widths, gains[:, 0], generator)
        for index in widths.unique().tolist():
            rows = torch.nonzero(widths == index)[:, 0].to(device)
            symbols[rows] = pad_channels(self._encoder.symbols(
                image[rows], levels[rows], config.widths[index], gains[rows]),
                config.latent_channels)
        return symbols, 1.0 / gains, widths.to(device)

    def _levels(self, image: Tensor, batch: Batch, widths: Tensor, odds_gains: Tensor,
                generator: torch.Generator) -> Tensor:
        """Return levels (N, 1, h, w), the encoder's own or made up, with mistakes in both."""
        def chance(*shape: int) -> Tensor:
            return torch.rand(shape, generator=generator).to(image.device)

        config, cells = self._encoder.config, self._cells(image)
        levels = made_up_levels(batch.boxes, batch.labels, *cells, generator)
        is_own = chance(len(image)) < OWN_SHARE
        shifts = SHIFT * torch.randn((len(image), 1, 1, 1), generator=generator).to(image.device)
        lost = chance(len(image), 1, *cells) < LOST_SHARE
        for index in widths.unique().tolist():
            rows = torch.nonzero((widths.to(image.device) == index) & is_own)[:, 0]
            importance = self._encoder.importance(image[rows], config.widths[index])
            own = choose_levels(
                importance.float() + shifts[rows], config, odds_gains[rows])
            levels[rows] = torch.where(lost[rows], 0.0, own)
        return levels

    def _cells(self, image: Tensor) -> tuple[int, int]:
        stride = self._encoder.transform.shape[-1]
        return image.shape[2] // stride, image.shape[3] // stride


def coarse_modes(decoder: Decoder) -> list[Mode]:
    """Return the width indices and rates whose frames are repaired: others teach nothing."""
    config = decoder.config
    modes = list(product(range(len(config.widths)), range(config.rates)))
    steps = torch.stack([
        1.0 / rate_gain(config, config.widths[width], rate) for width, rate in modes])
    indices = torch.tensor([width for width, _ in modes])
    coarse = decoder.is_coarse(steps.to(decoder.width_steps.device), indices).tolist()
    return [mode for mode, is_coarse in zip(modes, coarse, strict=True) if is_coarse]


def draw_mode(modes: list[Mode], rate_0_share: float, generator: torch.Generator) -> Mode:
    """Return a width index and a rate; of rate 0 as often as `rate_0_share` says."""
    favoured = torch.rand((), generator=generator).item() < rate_0_share
    some = [mode for mode in modes if (mode[1] == 0) == favoured] or modes
    return some[int(torch.randint(len(some), (), generator=generator))]
