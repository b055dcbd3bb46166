"""Where the shipped models lie, and what a model folder says about its weights."""

from pathlib import Path

# Not by importlib.resources: the package also spans the folder of the generated messages.
_FOLDER = Path(__file__).resolve().parent
# By codec: ours, and the founding paper's ensemble of encoders.
SHIPPED_MODELS = {'slim': _FOLDER / 'robocup', 'ensemble': _FOLDER / 'ensemble'}
SHIPPED_MODEL = SHIPPED_MODELS['slim']
SHIPPED_RIVALS = _FOLDER / 'rivals' / 'rivals.safetensors'
