"""Answer which folder the parameter `model` means."""

from pathlib import Path

from slim_split_ros.ros.onboard_parameters import SHIPPED
from slim_split_ros.weights import SHIPPED_MODEL


def bundle_folder(model: str) -> Path:
    """Return the folder of the bundle; a file in it names it too."""
    if model == SHIPPED:
        return SHIPPED_MODEL
    path = Path(model).expanduser()
    return path.parent if path.is_file() else path
