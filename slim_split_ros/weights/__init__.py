"""Where the shipped models lie, and what a model folder says about its weights."""

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


def model_folder(model: str) -> Path:
    """
    Return the folder of a shipped model by its name, or of any by its path or a file in it.

    Raises ManifestError for what is neither.
    """
    path = SHIPPED_MODELS.get(model) or Path(model).expanduser()
    folder = path.parent if path.is_file() else path
    if not model or not folder.is_dir():
        raise ManifestError(
            f'model {model!r} is neither a folder nor one of the shipped models: give '
            f'{", ".join(SHIPPED_MODELS)}, or a folder that train, adapt or export wrote')
    return folder
