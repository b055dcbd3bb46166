"""The training of rivals, against the detector of a model that stands already."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from slim_split_ros.networks.detector import Detector
from slim_split_ros.networks.rivals.nano import nano_config
from slim_split_ros.networks.rivals.rivals import Rivals
from slim_split_ros.networks.rivals.stored import (
    RIVALS_FILE,
    StoredRivals,
    round_rivals,
    save_rivals,
)
from slim_split_ros.networks.split_detector import SplitDetector
from slim_split_ros.networks.stored_weights import load_model
from slim_split_ros.training.data.check import check_data
from slim_split_ros.training.data.coco_folder import LabelledImage
from slim_split_ros.training.errors import DataSetError
from slim_split_ros.training.export.model_card import write_rivals_card
from slim_split_ros.training.objectives.detector import DetectorObjective
from slim_split_ros.training.objectives.encoder import EncoderObjective
from slim_split_ros.training.progress import run_parts
from slim_split_ros.training.rivals.export import write_rival_folder
from slim_split_ros.training.rivals.objective import RivalsObjective
from slim_split_ros.training.rivals.tables import fit_rivals_tables
from slim_split_ros.training.run import (
    TrainingRun,
    batch_plan,
    pick_device,
    table_images,
)
from slim_split_ros.training.settings import RIVALS, RivalsPreset
from slim_split_ros.training.stage import RunPlace, run_stage


def train_rivals(run: TrainingRun, checkpoint: Path | None) -> Path:
    """
    Train rivals of a model, by default of the one in the run's own output; return their file.

    The paper's ensemble is also written as a model folder that both nodes run. Raises
    TrainingError for faults of the data sets and NetworkError where there is no model.
    """
    splits = check_data(run.data, run.split, print)
    path = checkpoint or run.output / 'model'
    model = load_model(path)
    if model.config.classes != splits[0].classes:
        raise DataSetError(
            f'{splits[0].annotation_file} has classes {splits[0].classes}, {path} detects '
            f'{model.config.classes}: rivals are trained on the data of their model')
    place = RunPlace(run.output, pick_device(run.device), run.workers)
    sources = [split.images for split in splits]
    stored = train_rival_stages(model, sources, RIVALS[run.preset], place, run.seed)
    file = run.output / 'rivals' / RIVALS_FILE
    save_rivals(stored, file)
    write_rivals_card(file.parent, splits, run.preset)
    write_rival_folder(stored, 'paper', model, run.output / 'ensemble')
    return file


def train_rival_stages(model: SplitDetector, sources: list[tuple[LabelledImage, ...]],
                       preset: RivalsPreset, place: RunPlace, seed: int) -> StoredRivals:
    """
    Train the rivals, and the robot's detector for as long as the server's.

    Returns averaged weights, rounded as the file holds them, with tables fitted to them.
    """
    torch.manual_seed(seed)
    parts = run_parts(
        {'rivals': preset.codecs, 'static': preset.static, 'nano': preset.nano})
    config = model.config
    objective = RivalsObjective(Rivals(config), model.detector, seed)
    average = run_stage(objective, sources, batch_plan(preset.codecs, config, seed + 3),
                        preset.codecs, place, parts['rivals'], _digest(model))
    rivals = average.rivals.cpu()
    static = run_stage(EncoderObjective(rivals.static, seed, name='static'), sources,
                       batch_plan(preset.static, config, seed + 1), preset.static, place,
                       parts['static'])
    rivals.static.load_state_dict(static.cpu().state_dict())
    small = nano_config(config)
    nano = run_stage(DetectorObjective(Detector(small), name='nano'), sources,
                     batch_plan(preset.nano, config, seed + 4), preset.nano, place,
                     parts['nano']).cpu()
    stored = StoredRivals(rivals, nano, small, {})
    round_rivals(stored.modules)
    stored.tables.update(
        fit_rivals_tables(rivals, table_images(sources, config.input_long_side)))
    return stored


def _digest(model: SplitDetector) -> str:
    digest = hashlib.sha256()
    for tensor in model.state_dict().values():
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
