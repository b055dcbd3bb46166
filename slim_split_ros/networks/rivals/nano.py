"""Which detector is small enough for the robot itself? The smallest of the same family."""

from __future__ import annotations

from dataclasses import replace

from slim_split_ros.networks.config import ModelConfig

BACKBONE_SHARE = 0.5
CHANNEL_SHARE = 0.5
CHANNEL_MULTIPLE = 8


def nano_config(config: ModelConfig) -> ModelConfig:
    """
    Return a configuration with half of the detector's channels everywhere.

    >>> nano_config(ModelConfig(('ball',))).neck_channels
    (32, 48, 64)
    """
    return replace(
        config, backbone_width=BACKBONE_SHARE * config.backbone_width,
        neck_channels=tuple(map(_share, config.neck_channels)),
        head_channels=_share(config.head_channels))


def _share(channels: int) -> int:
    return max(1, round(channels * CHANNEL_SHARE / CHANNEL_MULTIPLE)) * CHANNEL_MULTIPLE
