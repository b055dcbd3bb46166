"""The simulated hall and its robot camera, drawn in software without a display."""

from .clips import write_clips
from .dataset import write_coco
from .errors import RendererError, SettingsError, SimulationError
from .hall import CLASSES, Hall, SimFrame

__all__ = [
    'CLASSES', 'Hall', 'RendererError', 'SettingsError', 'SimFrame', 'SimulationError',
    'write_clips', 'write_coco',
]
