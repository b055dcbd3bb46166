"""A model for a new place: its finder trained on what a detector finds there, without labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from slim_split_ros.networks.split_detector import SplitDetector
from slim_split_ros.networks.stored_weights import load_model, round_to_half
from slim_split_ros.training.data.coco_folder import load_split
from slim_split_ros.training.errors import TrainingError
from slim_split_ros.training.export.model import fit_all_tables, write_model_folder
from slim_split_ros.training.objectives.encoder import EncoderObjective
from slim_split_ros.training.pseudo_labels import TRAIN
from slim_split_ros.training.run import at_input_size, batch_plan, table_images
from slim_split_ros.training.settings import StageSettings
from slim_split_ros.training.stage import RunPlace, run_stage
from slim_split_ros.wire.manifest import Manifest

STAGE = 'finder'
# Of 416 pixels; larger inputs come in fewer, so that a step takes as long.
BATCH_SIZE, BATCH_LONG_SIDE = 16, 416
LEAST_BATCH = 4


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What to adapt, on which frames (a folder with a split `train`), how long, to what size."""

    base: Manifest
    detector: Path
    frames: Path
    input_long_side: int
    steps: int
    seed: int


def adapt_model(adaptation: Adaptation, place: RunPlace, folder: Path) -> None:
    """
    Train the finder at all widths, fit entropy tables and write the model folder.

    The rest of the base model stays, but for repairs that were trained to please a detector of
    its own: others trip over what they paint. Raises TrainingError, NetworkError, DetectorError.
    """
    torch.manual_seed(adaptation.seed)
    base = load_model(adaptation.base.folder)
    if not isinstance(base, SplitDetector):
        raise TrainingError(
            f'{adaptation.base.folder} has no finder to adapt: take a model of codec slim')
    model = at_input_size(base, adaptation.input_long_side)
    sources = [load_split(adaptation.frames, TRAIN).images]
    batch = round(BATCH_SIZE * (BATCH_LONG_SIDE / adaptation.input_long_side) ** 2)
    settings = StageSettings(
        adaptation.steps, max(LEAST_BATCH, batch), 1e-3, warmup_steps=20, average_decay=0.98)
    plan = batch_plan(settings, model.config, adaptation.seed)
    encoder = run_stage(
        EncoderObjective(model.encoder, adaptation.seed, STAGE), sources, plan, settings, place)
    model.encoder.load_state_dict(encoder.state_dict())
    if adaptation.base.detector is None:
        nn.init.zeros_(model.decoder.restorer.exit.weight)
        nn.init.zeros_(model.decoder.restorer.exit.bias)
    model = round_to_half(model.cpu())
    images = table_images(sources, model.config.input_long_side)
    tables = fit_all_tables(model.encoder, tqdm(images, 'counting symbols', leave=False))
    write_model_folder(model, tables, folder, adaptation.detector)
