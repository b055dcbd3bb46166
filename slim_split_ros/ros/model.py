"""Answer which folder the parameter `model` means."""

from pathlib import Path

from slim_split_ros.ros.onboard_parameters import SHIPPED

# Not by importlib.resources: the package also spans the folder of the generated messages.
SHIPPED_FOLDER = Path(__file__).resolve().parents[1] / 'weights' / 'robocup'


def bundle_folder(model: str) -> Path:
    """Return the folder of the bundle; a file in it names it too."""
    if model == SHIPPED:
        return SHIPPED_FOLDER
    path = Path(model).expanduser()
    return path.parent if path.is_file() else path
