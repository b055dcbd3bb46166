"""How do encoder, decoder and detector make one model?"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from slim_split_ros.networks.config import ModelConfig
from slim_split_ros.networks.decoder import Decoder
from slim_split_ros.networks.detector import Detector, Prediction
from slim_split_ros.networks.encoder import SlimmableEncoder

PIXEL_MEAN = 114.0  # of the letterbox's padding too, so that padding is zero to the networks
PIXEL_DEVIATION = 58.0


class SplitDetector(nn.Module):
    """
    Hold the three parts; the robot runs the encoder, the server the other two.

    Without a detector of its own it rebuilds pictures for others.
    """

    def __init__(self, config: ModelConfig, *, detects: bool = True) -> None:
        super().__init__()
        self.config = config
        self.encoder = SlimmableEncoder(config)
        self.decoder = Decoder(config)
        self.detector = Detector(config) if detects else None

    def rebuild(self, symbols: Tensor, inverse_gain: Tensor, width_index: Tensor) -> Tensor:
        """Rebuild normalized pictures (N, 3, 16h, 16w) of what `decode` takes."""
        return self.decoder(symbols.float(), inverse_gain, width_index)

    def decode(self, symbols: Tensor, inverse_gain: Tensor, width_index: Tensor) -> Prediction:
        """Detect from symbols int8 (N, L, h, w), steps (N, L) and width indices (N,)."""
        return self.detector(self.rebuild(symbols, inverse_gain, width_index))


def normalize(image: Tensor) -> Tensor:
    """Map uint8 pixels (N, 3, H, W), BGR, to floats of about unit deviation."""
    return (image.float() - PIXEL_MEAN) / PIXEL_DEVIATION


def to_pixels(values: Tensor) -> Tensor:
    """Undo `normalize`: floats (N, 3, H, W) to pixels uint8 (N, H, W, 3), BGR, cut to 0 to 255."""
    pixels = (values * PIXEL_DEVIATION + PIXEL_MEAN).round().clamp(0.0, 255.0)
    return pixels.to(torch.uint8).permute(0, 2, 3, 1)
