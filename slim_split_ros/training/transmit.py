"""How does a batch pass through a codec of ours in training? Each share at a width and a rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from slim_split_ros.networks.config import ModelConfig
from slim_split_ros.networks.decoder import Decoder
from slim_split_ros.networks.encoder import SlimmableEncoder
from slim_split_ros.networks.quantizer import Quantized, Quantizer, pad_channels


class Codec(Protocol):
    """What a codec of ours consists of."""

    config: ModelConfig
    encoder: SlimmableEncoder
    quantizer: Quantizer
    decoder: Decoder


@dataclass(frozen=True, slots=True)
class Group:
    """Part of a batch that goes through the encoder at one width and rate."""

    rows: slice
    width_index: int
    rate: int


def transmit(codec: Codec, image: Tensor, groups: list[Group]
             ) -> tuple[Tensor, list[Quantized]]:
    """Return decoded features (N, C, h, w) and what each group sent."""
    sent, steps, widths = [], [], []
    for group in groups:
        part = image[group.rows]
        latent = codec.encoder(part, codec.config.widths[group.width_index]).float()
        sent.append(codec.quantizer(latent, group.width_index, group.rate))
        inverse = 1.0 / codec.quantizer.gain(group.rate)
        inverse = inverse * (torch.arange(len(inverse)) < latent.shape[1]).to(inverse.device)
        steps.append(inverse[None].expand(len(part), -1))
        widths.append(torch.full((len(part),), group.width_index, device=image.device))
    latents = torch.cat(
        [pad_channels(quantized.latent, codec.config.latent_channels) for quantized in sent])
    return codec.decoder(latents, torch.cat(steps), torch.cat(widths)), sent
