"""Which split systems do we compare with? Four codecs before one shared detector."""

from __future__ import annotations

from torch import nn

from slim_split_ros.networks.backbone import level_channels
from slim_split_ros.networks.config import ModelConfig
from slim_split_ros.networks.detector import Detector
from slim_split_ros.networks.encoder import SlimmableEncoder
from slim_split_ros.networks.rivals.ensemble import EnsembleDetector
from slim_split_ros.networks.rivals.entropic import EntropicCodec
from slim_split_ros.networks.rivals.late import LateCodec
from slim_split_ros.networks.rivals.static import static_config


class Rivals(nn.Module):
    """
    Hold the paper's system and three other codecs; `server` detects from what any decodes.

    The stem of `server` stays as the detector trained it: it is the first part of the late cut.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.ensemble = EnsembleDetector(config)
        self.entropic = EntropicCodec(level_channels(config.backbone_width)[0])
        self.late = LateCodec(config.backbone_width)
        self.static = SlimmableEncoder(static_config(config))

    @property
    def server(self) -> Detector:
        """Return the detector behind all four, which the ensemble's system owns."""
        return self.ensemble.detector

    def start_from(self, detector: Detector) -> None:
        """Copy a trained detector into every part that begins as one."""
        self.server.load_state_dict(detector.state_dict())
        self.late.stage16.load_state_dict(detector.trunk.stage16.state_dict())
