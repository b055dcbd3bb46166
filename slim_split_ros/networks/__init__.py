"""The torch half: slimmable encoder, quantizer, decoder and detector."""

from slim_split_ros.networks.config import ModelConfig
from slim_split_ros.networks.decoder import Decoder
from slim_split_ros.networks.detector import Detector
from slim_split_ros.networks.encoder import SlimmableEncoder
from slim_split_ros.networks.split_detector import SplitDetector

__all__ = [
    'Decoder',
    'Detector',
    'ModelConfig',
    'SlimmableEncoder',
    'SplitDetector',
]
