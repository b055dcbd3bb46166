"""The model that the parameters `model` and `codec` mean, and the shipped ones by fingerprint."""

from functools import cache
from pathlib import Path

from rclpy.impl.rcutils_logger import RcutilsLogger

from slim_split_ros.ros.errors import StartError
from slim_split_ros.ros.settings.onboard_parameters import CODECS, SHIPPED
from slim_split_ros.weights import DEFAULT_MODELS, SHIPPED_MODELS, model_folder
from slim_split_ros.wire import ManifestError, load_manifest, native_coder


def bundle_folder(model: str, codec: str) -> Path:
    """
    Return the folder of the bundle, by a shipped one's name or its path; a file in it names it.

    `codec` says which of the shipped ones where none is named. Raises StartError where that one
    is not installed, or where the two name different ones; ManifestError for what is neither
    folder nor name.
    """
    if model in SHIPPED_MODELS and codec != CODECS[0] and DEFAULT_MODELS[codec] != model:
        raise StartError(
            f'codec is {codec!r}, which names the shipped model {DEFAULT_MODELS[codec]!r}, and '
            f'model is {model!r}: set model to {SHIPPED!r}, so that codec decides, or leave '
            'codec out')
    name = DEFAULT_MODELS[codec] if model == SHIPPED else model
    if name not in SHIPPED_MODELS:
        return model_folder(model)
    folder = SHIPPED_MODELS[name]
    if not folder.is_dir():
        raise StartError(
            f'{folder} is missing: model {name!r} is not installed here. Give a folder that '
            '`export` wrote as parameter `model`, or choose another one')
    return folder


def shipped_model(fingerprint: int) -> str | None:
    """Return the name of the shipped model that has a fingerprint, None for any other model."""
    return _shipped_models().get(fingerprint)


@cache  # a frame that is refused costs no reading of files
def _shipped_models() -> dict[int, str]:
    names = {}
    for name, folder in SHIPPED_MODELS.items():
        try:
            names[load_manifest(folder).fingerprint] = name
        except ManifestError:  # not installed here
            continue
    return names


def warn_of_slow_coder(logger: RcutilsLogger) -> None:
    """Say it where the package was built without its compiled entropy coder."""
    if lack := native_coder().lack:
        logger.warning(lack)
