"""What does slimming cost? Our own encoder and decoder, trained for the full width alone."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from slim_split_ros.networks.config import ModelConfig
from slim_split_ros.networks.decoder import Decoder
from slim_split_ros.networks.encoder import SlimmableEncoder
from slim_split_ros.networks.quantizer import Quantizer


class StaticCodec(nn.Module):
    """Hold encoder, quantizer and decoder of one width and all rates."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config = static_config(config)
        self.encoder = SlimmableEncoder(config)
        self.quantizer = Quantizer(config)
        self.decoder = Decoder(config)


def static_config(config: ModelConfig) -> ModelConfig:
    """
    Return the configuration without the widths below the full one.

    >>> static_config(ModelConfig(('ball',))).widths
    (1.0,)
    """
    return replace(config, widths=config.widths[-1:],
                   coefficient_gains=config.coefficient_gains[-1:])
