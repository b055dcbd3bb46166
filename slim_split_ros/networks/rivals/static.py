"""What does slimming cost? Our own encoder, trained for the full width alone."""

from __future__ import annotations

from dataclasses import replace

from slim_split_ros.networks.config import ModelConfig


def static_config(config: ModelConfig) -> ModelConfig:
    """
    Return the configuration without the widths below the full one.

    >>> static_config(ModelConfig(('ball',))).widths
    (1.0,)
    """
    return replace(config, widths=config.widths[-1:],
                   patch_row_steps=config.patch_row_steps[-1:],
                   coefficient_shares=config.coefficient_shares[-1:],
                   coefficient_gains=config.coefficient_gains[-1:],
                   rate_gains=config.rate_gains[-1:])
