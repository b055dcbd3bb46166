"""How do encoder, quantizer, decoder and detector make one model?"""

from __future__ import annotations

from torch import Tensor, nn

from slim_split_ros.networks.config import ModelConfig
from slim_split_ros.networks.decoder import Decoder
from slim_split_ros.networks.detector import Detector, Prediction
from slim_split_ros.networks.encoder import SlimmableEncoder
from slim_split_ros.networks.quantizer import Quantizer, dequantize, pad_channels

PIXEL_MEAN = 114.0  # of the letterbox's padding too, so that padding is zero to the networks
PIXEL_DEVIATION = 58.0


class SplitDetector(nn.Module):
    """Hold the four parts; the robot runs the encoder, the server the other three."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = SlimmableEncoder(config)
        self.quantizer = Quantizer(config)
        self.decoder = Decoder(config)
        self.detector = Detector(config)

    def decode(self, symbols: Tensor, inverse_gain: Tensor, width_index: Tensor) -> Prediction:
        """Detect from symbols int8 (N, L, h, w), steps (N, L) and width indices (N,)."""
        latent = dequantize(symbols, inverse_gain)
        return self.detector.from_features(self.decoder(latent, inverse_gain, width_index))

    def pad(self, latent: Tensor) -> Tensor:
        """Append zero channels (N, L, h, w) in place of those that a width does not send."""
        return pad_channels(latent, self.config.latent_channels)


def normalize(image: Tensor) -> Tensor:
    """Map uint8 pixels (N, 3, H, W), BGR, to floats of about unit deviation."""
    return (image.float() - PIXEL_MEAN) / PIXEL_DEVIATION
