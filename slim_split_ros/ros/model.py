"""The model that the parameters `model` and `codec` mean, and the shipped ones by fingerprint."""

from functools import cache
import os
from pathlib import Path

from rclpy.impl.rcutils_logger import RcutilsLogger

from slim_split_ros.ros.errors import StartError
from slim_split_ros.ros.onboard_parameters import SHIPPED
from slim_split_ros.weights import SHIPPED_MODELS
from slim_split_ros.wire import ManifestError, load_manifest, native_coder


def bundle_folder(model: str, codec: str) -> Path:
    """
    Return the folder of the bundle; a file in it names it too.

    `codec` says which of the shipped ones. Raises StartError where that one is not installed.
    """
    if model != SHIPPED:
        path = Path(os.path.expanduser(model))
        return path.parent if os.path.isfile(path) else path
    folder = SHIPPED_MODELS[codec]
    if not folder.is_dir():
        raise StartError(
            f'{folder} is missing: no model of codec {codec!r} is installed here. Give a folder '
            'that `export` wrote as parameter `model`, or choose another codec')
    return folder


def shipped_codec(fingerprint: int) -> str | None:
    """Return the codec whose shipped model has a fingerprint, None for any other model."""
    return _shipped_codecs().get(fingerprint)


@cache  # a frame that is refused costs no reading of files
def _shipped_codecs() -> dict[int, str]:
    codecs = {}
    for codec, folder in SHIPPED_MODELS.items():
        try:
            codecs[load_manifest(folder).fingerprint] = codec
        except ManifestError:  # not installed here
            continue
    return codecs


def warn_of_slow_coder(logger: RcutilsLogger) -> None:
    """Say it where the package was built without its compiled entropy coder."""
    if lack := native_coder().lack:
        logger.warning(lack)
