"""The systems that we compare with, rebuilt on the same detector."""

from slim_split_ros.networks.rivals.ensemble import EnsembleDetector
from slim_split_ros.networks.rivals.nano import nano_config
from slim_split_ros.networks.rivals.rivals import Rivals

__all__ = ['EnsembleDetector', 'Rivals', 'nano_config']
