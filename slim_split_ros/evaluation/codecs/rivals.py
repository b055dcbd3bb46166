"""The rivals that are there to be measured, and their settings."""

from __future__ import annotations

from pathlib import Path

from slim_split_ros.evaluation.codecs.image_codecs import LocalCodec
from slim_split_ros.evaluation.codecs.model_codec import ModelCodec
from slim_split_ros.evaluation.codecs.picture_detector import PictureDetector
from slim_split_ros.evaluation.figures.points import Setting
from slim_split_ros.networks.rivals.ensemble import MEMBERS, MOST_BITS, bits_of_rate
from slim_split_ros.networks.rivals.stored import RIVALS_FILE, StoredRivals, load_rivals
from slim_split_ros.networks.split_detector import SplitDetector
from slim_split_ros.training.rivals.export import RIVAL_CODECS, write_rival_folder
from slim_split_ros.wire.manifest import Manifest, load_manifest

RIVALS = (*RIVAL_CODECS, 'local')


def find_rivals(manifest: Manifest, shipped: Path | None) -> StoredRivals | None:
    """
    Return the rivals of a model: in its folder, in `rivals` beside it, or the shipped ones.

    None where no file is, where those that are there detect other classes or read inputs of
    another size, or for a model that rebuilds no pictures. Raises WeightsError for a damaged file.
    """
    if manifest.rebuild is None:
        return None
    for path in (*_own_places(manifest), shipped):
        if path is None or not path.is_file():
            continue
        stored = load_rivals(path)
        config = stored.rivals.config
        if (config.classes, config.input_long_side) == (
                manifest.classes, manifest.input_long_side):
            return stored
    return None


def lack_of_rivals(manifest: Manifest) -> str:
    """Return where rivals were looked for in vain, and how to get them."""
    own, beside = _own_places(manifest)
    return (f'there is no {RIVALS_FILE} of this model: not {own}, not {beside}, not the shipped '
            'one, which a checkout of the repository has for `robocup` alone; `train --rivals` '
            'makes your own')


def _own_places(manifest: Manifest) -> tuple[Path, Path]:
    return manifest.folder / RIVALS_FILE, manifest.folder.parent / 'rivals' / RIVALS_FILE


def load_rival(stored: StoredRivals, name: str, model: SplitDetector, folder: Path
               ) -> ModelCodec | LocalCodec:
    """
    Return one of RIVALS, written into `folder`, which is not needed afterwards.

    `model` is the one that they compete with.
    """
    if name == 'local':
        return LocalCodec(PictureDetector(
            stored.nano, stored.nano_config.input_long_side, folder))
    write_rival_folder(stored, name, model, folder)
    return ModelCodec(load_manifest(folder), rival_settings(stored, name))


def rival_settings(stored: StoredRivals, name: str) -> list[Setting]:
    """Return everything that can be set at one of the rivals that send something."""
    if name == 'paper':
        return [Setting(name, width=members / MEMBERS, rate=rate, members=members,
                        bits=bits_of_rate(rate), default=rate == 0)
                for members in range(1, MEMBERS + 1) for rate in range(MOST_BITS)]
    if name == 'static':
        return [Setting(name, width=1.0, rate=rate, default=rate == 0)
                for rate in range(stored.rivals.static.config.rates)]
    return [Setting(name)]
