"""Where the shipped models lie, and what a model folder says about its weights."""

import os
from pathlib import Path

from slim_split_ros.wire.errors import ManifestError

# Not by importlib.resources: the package also spans the folder of the generated messages.
_FOLDER = Path(__file__).resolve().parent
# By name: for any scene, for RoboCup, and the founding paper's ensemble of encoders.
SHIPPED_MODELS = {name: _FOLDER / name for name in ('general', 'robocup', 'ensemble')}
# By codec: which of them runs where nobody names one.
DEFAULT_MODELS = {'slim': 'general', 'ensemble': 'ensemble'}
# The one with a detector of its own, which labelled data judge and train.
SHIPPED_MODEL = SHIPPED_MODELS['robocup']
SHIPPED_RIVALS = _FOLDER / 'rivals' / 'rivals.safetensors'


def model_path(model: str) -> Path:
    """Return the folder of a shipped model by its name, or any path, `~` expanded."""
    return SHIPPED_MODELS.get(model) or Path(os.path.expanduser(model))


def model_folder(model: str) -> Path:
    """
    Return the folder of a shipped model by its name, or of any by its path or a file in it.

    Raises ManifestError for what is neither.
    """
    # By os.path, which unlike pathlib lets names pass that are too long or of no user.
    path = SHIPPED_MODELS.get(model) or Path(os.path.expanduser(model))
    folder = path.parent if os.path.isfile(path) else path
    if not model or not os.path.isdir(folder):
        raise ManifestError(
            f'model {model!r} is neither a folder nor one of the shipped models: give '
            f'{", ".join(SHIPPED_MODELS)}, or a folder that train, adapt or export wrote')
    return folder
