"""Networks of the real structure that train in seconds."""

from __future__ import annotations

from functools import cache
from pathlib import Path
import shutil
from tempfile import TemporaryDirectory

import torch

from slim_split_ros.networks.config import ModelConfig
from slim_split_ros.networks.detector import Detector
from slim_split_ros.networks.rivals.ensemble import EnsembleDetector
from slim_split_ros.networks.rivals.nano import nano_config
from slim_split_ros.networks.rivals.rivals import Rivals
from slim_split_ros.networks.rivals.stored import StoredRivals, round_rivals
from slim_split_ros.networks.split_detector import SplitDetector
from slim_split_ros.networks.stored_weights import round_to_half
from slim_split_ros.training.data.coco_folder import LabelledImage
from slim_split_ros.training.export.ensemble import write_ensemble_folder
from slim_split_ros.training.export.model import fit_all_tables, write_model_folder
from slim_split_ros.training.rivals.tables import fit_rivals_tables
from slim_split_ros.training.run import table_images
from support.drawn_data import CLASSES


def small_config(classes: tuple[str, ...] = CLASSES) -> ModelConfig:
    """Return a model of few channels and a small input."""
    return ModelConfig(
        classes, input_long_side=128, encoder_channels=16, coefficient_channels=32,
        coefficient_shares=(0.25, 0.5, 0.75, 1.0), rate_gains=((1.0, 0.6),) * 4,
        restorer_channels=(8, 8),
        backbone_width=0.25, neck_channels=(16, 16, 16), head_channels=16)


def write_untrained_model(
    folder: Path, sources: list[tuple[LabelledImage, ...]], detector: Path | None = None
) -> None:
    """Export a small model whose weights are random but always the same."""
    torch.manual_seed(0)
    model = round_to_half(SplitDetector(small_config()))
    images = table_images(sources, model.config.input_long_side)
    write_model_folder(model, fit_all_tables(model.encoder, images), folder, detector)


def untrained_ensemble() -> EnsembleDetector:
    """Return the founding paper's encoder before a small detector, random but always the same."""
    torch.manual_seed(0)
    return round_to_half(EnsembleDetector(small_config()))


def write_untrained_ensemble(folder: Path) -> None:
    """Write its model folder, which is exported once."""
    shutil.copytree(Path(_exported_ensemble().name), folder, dirs_exist_ok=True)


@cache
def _exported_ensemble() -> TemporaryDirectory[str]:
    folder = TemporaryDirectory()
    write_ensemble_folder(untrained_ensemble(), Path(folder.name))
    return folder


def untrained_rivals(sources: list[tuple[LabelledImage, ...]],
                     classes: tuple[str, ...] = CLASSES) -> StoredRivals:
    """Return small rivals whose weights are random but always the same, with their tables."""
    torch.manual_seed(0)
    config = small_config(classes)
    small = nano_config(config)
    stored = StoredRivals(Rivals(config), Detector(small), small, {})
    round_rivals(stored.modules)
    images = table_images(sources, config.input_long_side)
    stored.tables.update(fit_rivals_tables(stored.rivals, images))
    stored.modules.eval()
    return stored
