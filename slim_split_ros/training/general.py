"""The model for any scene: a finder of things and honest repairs, from unlabelled photographs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from tqdm import tqdm

from slim_split_ros.coders.quantizer_regions import COARSEST
from slim_split_ros.detectors import load_detector
from slim_split_ros.networks.detector import Detector
from slim_split_ros.networks.split_detector import SplitDetector
from slim_split_ros.networks.stored_weights import load_model, round_to_half
from slim_split_ros.training.data.coco_folder import LabelledImage, load_split
from slim_split_ros.training.data.things import BOXES_FILE, THING, TRAIN, write_things
from slim_split_ros.training.errors import TrainingError
from slim_split_ros.training.export.model import fit_all_tables, write_model_folder
from slim_split_ros.training.export.model_card import write_general_card
from slim_split_ros.training.export.model_folder import set_video
from slim_split_ros.training.objectives.encoder import EncoderObjective
from slim_split_ros.training.objectives.picture import PictureObjective
from slim_split_ros.training.pretrained import load_pretrained_backbone
from slim_split_ros.training.progress import run_parts
from slim_split_ros.training.run import batch_plan, crop_plan, pick_device, table_images
from slim_split_ros.training.settings import GENERAL
from slim_split_ros.training.stage import RunPlace, run_stage
from slim_split_ros.training.work_folder import (
    begin_work,
    end_looking,
    name_detector,
    was_looked_at,
)
from slim_split_ros.wire.video_settings import VideoSettings

# What follows was chosen on training pictures, by what two detectors still found
# (`docs/experiments.md`): the finder sees something in most of a photograph, and bytes go
# furthest where it is sure.
LEVEL_THRESHOLDS = (0.8, 0.3)
# Longer side in pixels, and H.264's quantizers of scenery, things and small things: the default,
# then rising bytes. Larger and coarser beats smaller and finer, and a steeper map blurs too much.
VIDEO = ((416, 42, 36, 33), (160, 42, 36, 33), (208, 42, 36, 33), (256, 41, 36, 33),
         (320, 41, 36, 33), (512, 42, 35, 32), (640, 43, 34, 31), (640, 40, 31, 28),
         (640, 36, 28, 25), (800, 36, 27, 24), (960, 33, 25, 22))
EVERY_FRAME = 100.0  # as `repaired_gain`: more than any frame's steps are fine


@dataclass(frozen=True, slots=True)
class GeneralRun:
    """
    What the command line asked for.

    The finder starts from that of `base`; all `detectors` look for things, and the first one goes
    with the model.
    """

    pictures: Path
    detectors: tuple[Path, ...]
    base: Path
    output: Path
    device: str
    seed: int
    workers: int


def train_general(run: GeneralRun) -> Path:
    """
    Look for things, train finder and repairs, export; return the model folder.

    Raises TrainingError for pictures and checkpoints that cannot be used, NetworkError for the
    base, DetectorError for a detector.
    """
    base = load_model(run.base)
    if not isinstance(base, SplitDetector):
        raise TrainingError(f'{run.base} has no finder to start from: take a model of codec slim')
    images = load_split(_find_things(run), TRAIN).images
    config = replace(
        base.config, classes=(THING,), repaired_gain=EVERY_FRAME,
        level_thresholds=LEVEL_THRESHOLDS)
    torch.manual_seed(run.seed)
    model = SplitDetector(config, detects=False)
    model.encoder.load_state_dict(base.encoder.state_dict())
    train_for_pictures(model, images, run)
    model = round_to_half(model.cpu())
    tables = fit_all_tables(model.encoder, _progress(
        table_images([images], config.input_long_side), 'counting symbols'))
    folder = run.output / 'model'
    write_model_folder(model, tables, folder, run.detectors[0])
    set_video(folder, [video_settings(*rate) for rate in VIDEO])
    write_general_card(folder, run.seed)
    return folder


def _find_things(run: GeneralRun) -> Path:
    """Return the folder of things in the run's pictures, written now or by the same run before."""
    things = run.output / 'things'
    detectors = [load_detector(path, threads=1) for path in run.detectors]
    known = run.pictures.parent / BOXES_FILE
    files = [*sorted(run.pictures.iterdir()), *([known] if known.is_file() else [])]
    asked = {'pictures': [[file.name, file.stat().st_size] for file in files], 'detectors': [
        name_detector(path, detector)
        for path, detector in zip(run.detectors, detectors, strict=True)]}
    if was_looked_at(things, asked):
        print(f'{things}: written before')
        return things
    begin_work(things, asked)
    write_things(run.pictures, detectors, things, _progress)
    end_looking(things)
    return things


def video_settings(long_side: int, *quantizers: int) -> VideoSettings:
    """
    Return how video is coded with a quantizer for each level.

    >>> video_settings(416, 51, 34)
    VideoSettings(long_side=416, background=1.0, offsets=(-0.3333,))
    """
    background = quantizers[0] / COARSEST
    return VideoSettings(long_side, round(background, 4), tuple(
        round(quantizer / COARSEST - background, 4) for quantizer in quantizers[1:]))


def train_for_pictures(model: SplitDetector, images: tuple[LabelledImage, ...], run: GeneralRun
                       ) -> None:
    """Train finder and repairs; `model` ends with the averaged weights."""
    place = RunPlace(run.output, pick_device(run.device), run.workers)
    parts = run_parts({'finder': GENERAL.finder, 'repairs': GENERAL.repairs})
    finder = run_stage(
        EncoderObjective(model.encoder, run.seed, 'finder'), [images],
        batch_plan(GENERAL.finder, model.config, run.seed), GENERAL.finder, place,
        parts['finder'])
    model.encoder.load_state_dict(finder.state_dict())
    seeing = Detector(model.config)
    if model.config.backbone_width == 1.0:
        load_pretrained_backbone(seeing)
    plan = crop_plan(GENERAL.repairs, model.config, run.seed + 1)
    repairs = run_stage(
        PictureObjective(model.decoder, model.encoder, seeing.stem, run.seed), [images], plan,
        GENERAL.repairs, place, parts['repairs'])
    model.decoder.load_state_dict(repairs.state_dict())


def _progress(items: Iterable, name: str) -> Iterable:
    return tqdm(items, name, leave=False)
