"""A whole training run: the data checked, three stages, the model written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from slim_split_ros.networks.config import ModelConfig
from slim_split_ros.networks.rivals.ensemble import EnsembleDetector
from slim_split_ros.networks.split_detector import SplitDetector
from slim_split_ros.networks.stored_weights import load_model, round_to_half
from slim_split_ros.training.data.batches import BatchPlan, plain_batches
from slim_split_ros.training.data.check import check_data
from slim_split_ros.training.data.coco_folder import CocoSplit, LabelledImage, load_split
from slim_split_ros.training.data.samples import write_samples
from slim_split_ros.training.errors import DataSetError, TrainingError
from slim_split_ros.training.export.ensemble import write_ensemble_folder
from slim_split_ros.training.export.model import (
    AllTables,
    fit_all_tables,
    set_tables,
    write_model_folder,
)
from slim_split_ros.training.export.model_card import write_model_card
from slim_split_ros.training.export.model_folder import set_video
from slim_split_ros.training.objectives.codec import CodecObjective
from slim_split_ros.training.objectives.detector import DetectorObjective
from slim_split_ros.training.objectives.encoder import EncoderObjective
from slim_split_ros.training.pretrained import load_finder_and_repairs, load_pretrained_backbone
from slim_split_ros.training.progress import run_parts
from slim_split_ros.training.settings import PRESETS, Preset, StageSettings
from slim_split_ros.training.stage import RunPlace, run_stage
from slim_split_ros.wire.manifest import MANIFEST_FILE, load_manifest

TABLE_IMAGES = 200  # per data set; tables of twice as many differ by under 1 % of the bytes
MOSAIC_STEPS = 0.85  # share of a stage's steps; the last ones see pictures as cameras give them
CROP_SIDE = 224  # pixels of the longer side of what repairs see, at the scale of whole pictures


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """What the command line asked for; finder, repairs and rates of video start as `base` has."""

    data: tuple[Path, ...]
    split: str
    preset: str
    base: Path
    output: Path
    device: str
    seed: int
    workers: int


def train_model(run: TrainingRun) -> Path:
    """
    Train and export; return the model folder.

    Raises TrainingError for faults of the data sets, all listed before anything is trained,
    and for checkpoints that do not fit.
    """
    splits = check_data(run.data, run.split, print)
    place = RunPlace(run.output, pick_device(run.device), run.workers)
    preset = PRESETS[run.preset]
    torch.manual_seed(run.seed)
    model = SplitDetector(ModelConfig(splits[0].classes))
    if starts_published(model.config):
        load_pretrained_backbone(model.detector)
        load_finder_and_repairs(model, run.base)
    sources = [split.images for split in splits]
    samples = write_samples(
        sources, batch_plan(preset.detector, model.config, run.seed), model.config.classes,
        run.output)
    print(f'What training sees, with its boxes: {samples}')
    train_stages(model, sources, preset, place, run.seed)
    return _export(model, splits, run)


def export_model(
    checkpoint: Path, data: tuple[Path, ...], split: str, output: Path,
    detector: Path | None = None, input_long_side: int | None = None,
) -> str:
    """
    Write the model folder of existing weights; return the fingerprint.

    The pictures are for entropy tables, which an ensemble does without. `detector`, an ONNX file,
    goes with the folder instead of the one that the model has, `input_long_side` changes the size
    of its input, and no weights. Rates of video stay. Raises WeightsError for unreadable weights,
    ManifestError for a damaged folder around them, TrainingError for missing and faulty data sets
    and a model without a detector, DetectorFileError for the detector.
    """
    model = round_to_half(load_model(checkpoint))
    if isinstance(model, EnsembleDetector):
        if detector:
            raise TrainingError(
                f'{checkpoint} rebuilds no pictures, which {detector} would need: take a model of '
                'codec slim')
        if input_long_side not in (None, model.config.input_long_side):
            raise TrainingError(f'{checkpoint} takes inputs of {model.config.input_long_side} '
                                'pixels alone: leave out --input-long-side')
        return write_ensemble_folder(model, output)
    folder = checkpoint if checkpoint.is_dir() else checkpoint.parent
    manifest = load_manifest(folder) if (folder / MANIFEST_FILE).is_file() else None
    if detector is None and manifest is not None and manifest.detector:
        detector = manifest.checked_detector()
    if detector is None and model.detector is None:
        raise TrainingError(f'{checkpoint} has no detector of its own: give one with --detector')
    if input_long_side:
        model = at_input_size(model, input_long_side).eval()
    fingerprint = write_model_folder(
        model, _tables_of_data(model, checkpoint, data, split), output, detector)
    if manifest is not None and manifest.video:
        fingerprint = set_video(output, manifest.video)
    return fingerprint


def count_tables(folder: Path, data: tuple[Path, ...], split: str) -> str:
    """
    Count the entropy tables of a model folder anew, and leave its graphs as they are.

    Returns the new fingerprint; raises as `export_model` does.
    """
    model = load_model(folder)
    if isinstance(model, EnsembleDetector):
        raise TrainingError(
            f'{folder} sends symbols without entropy tables: there are none to count')
    return set_tables(folder, _tables_of_data(model, folder, data, split))


def _tables_of_data(
    model: SplitDetector, checkpoint: Path, data: tuple[Path, ...], split: str
) -> AllTables:
    if not data:
        raise DataSetError(
            f'{checkpoint} needs entropy tables, which are counted on pictures: give a data set '
            'with --data')
    sources = [load_split(folder, split).images for folder in data]
    return _fit_tables(model, table_images(sources, model.config.input_long_side))


def at_input_size(model: SplitDetector, input_long_side: int) -> SplitDetector:
    """Return a model for inputs of another size, with the same weights."""
    resized = SplitDetector(replace(model.config, input_long_side=input_long_side),
                            detects=model.detector is not None)
    resized.load_state_dict(model.state_dict())
    return resized


def train_stages(model: SplitDetector, sources: list[tuple[LabelledImage, ...]], preset: Preset,
                 place: RunPlace, seed: int) -> None:
    """Train detector, encoder and codec; `model` ends with the averaged weights."""
    parts = run_parts(
        {'detector': preset.detector, 'encoder': preset.encoder, 'codec': preset.codec})
    plan = batch_plan(preset.detector, model.config, seed)
    objective = DetectorObjective(model.detector, published=starts_published(model.config))
    detector = run_stage(objective, sources, plan, preset.detector, place, parts['detector'])
    model.detector.load_state_dict(detector.state_dict())
    plan = batch_plan(preset.encoder, model.config, seed + 1)
    encoder = run_stage(
        EncoderObjective(model.encoder, seed), sources, plan, preset.encoder, place,
        parts['encoder'])
    model.encoder.load_state_dict(encoder.state_dict())
    plan = crop_plan(preset.codec, model.config, seed + 2)
    average = run_stage(
        CodecObjective(model, seed), sources, plan, preset.codec, place, parts['codec'])
    model.load_state_dict(average.state_dict())


def starts_published(config: ModelConfig) -> bool:
    """Return whether the backbone has the size of the published weights, and starts from them."""
    return config.backbone_width == 1.0


def batch_plan(settings: StageSettings, config: ModelConfig, seed: int) -> BatchPlan:
    """Return where the batches of a stage come from."""
    return BatchPlan(settings.batch_size, config.input_long_side, seed,
                     round(MOSAIC_STEPS * settings.steps))


def crop_plan(settings: StageSettings, config: ModelConfig, seed: int) -> BatchPlan:
    """
    Return where parts of pictures come from, at the scale of whole ones.

    Never mosaics: their borders are no edges that a camera sees.
    """
    return replace(
        batch_plan(settings, config, seed), input_long_side=CROP_SIDE, mosaic_share=0.0,
        zoom=config.input_long_side / CROP_SIDE)


def pick_device(name: str) -> torch.device:
    """Return the device of that name; `auto` is a GPU that works, if any. Raises TrainingError."""
    wanted = ('cuda' if torch.cuda.is_available() else 'cpu') if name == 'auto' else name
    try:
        # Not memory alone: a GPU may be too old for this torch, which only its work tells.
        torch.conv2d(*torch.ones((2, 1, 1, 3, 3), device=wanted)).sum().item()
    except (RuntimeError, AssertionError) as error:  # the latter of a torch without CUDA
        reason = f'torch cannot use device {wanted!r} ({str(error).splitlines()[0]})'
        if name != 'auto':
            raise TrainingError(f'{reason}: give --device cpu, or auto') from error
        print(f'{reason}: going on with the processor')
        wanted = 'cpu'
    return torch.device(wanted)


def table_images(sources: list[tuple[LabelledImage, ...]], long_side: int) -> list[Tensor]:
    """Return evenly chosen pictures of each source in batches uint8 (N, 3, H, W)."""
    batches = []
    for source in sources:
        step = max(1, len(source) // TABLE_IMAGES)
        batches += [batch.images for _, batch in plain_batches(source[::step], long_side, 8)]
    return batches


def _export(model: SplitDetector, splits: list[CocoSplit], run: TrainingRun) -> Path:
    model = round_to_half(model.cpu())
    images = table_images([split.images for split in splits], model.config.input_long_side)
    folder = run.output / 'model'
    write_model_folder(model, _fit_tables(model, images), folder)
    if video := load_manifest(run.base).video:
        set_video(folder, video)
    write_model_card(folder, splits, run.preset, run.base.name)
    return folder


def _fit_tables(model: SplitDetector, images: list[Tensor]) -> AllTables:
    return fit_all_tables(model.encoder, tqdm(images, 'counting symbols', leave=False))
