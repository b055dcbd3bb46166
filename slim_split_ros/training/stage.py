"""One stage of training: a loop that reads from top to bottom."""

from __future__ import annotations

import csv
from dataclasses import dataclass
import hashlib
import math
from pathlib import Path
import time

import torch
from torch import nn

from slim_split_ros.training.checkpoint import (
    flatten_optimizer,
    load_checkpoint,
    restore_optimizer,
    save_checkpoint,
)
from slim_split_ros.training.data.batches import Batch, BatchPlan, training_batches
from slim_split_ros.training.data.coco_folder import LabelledImage
from slim_split_ros.training.data.device_batches import DeviceBatches, fits_device
from slim_split_ros.training.errors import (
    CheckpointError,
    RunInterruptedError,
    TrainingError,
)
from slim_split_ros.training.objectives.objective import Objective
from slim_split_ros.training.progress import ALONE, RunPart, StageBar
from slim_split_ros.training.settings import StageSettings
from slim_split_ros.training.weight_average import WeightAverage

CHECKPOINT_SECONDS = 120.0
LOG_STEPS = 20


@dataclass(frozen=True, slots=True)
class RunPlace:
    """Where a run reads and writes."""

    folder: Path
    device: torch.device
    workers: int


def run_stage(objective: Objective, sources: list[tuple[LabelledImage, ...]], plan: BatchPlan,
              settings: StageSettings, place: RunPlace, part: RunPart = ALONE,
              teacher: str = '') -> nn.Module:
    """
    Train to the last step, from the last checkpoint if there is one; return the average.

    `teacher` names what else the loss depends on, of which a checkpoint must be too.
    Raises CheckpointError where a checkpoint is damaged, of another model or of other pictures
    or settings, and, with a checkpoint written, RunInterruptedError on Ctrl-C.
    """
    module = objective.module.to(place.device, memory_format=torch.channels_last)
    groups = objective.parameter_groups(settings.learning_rate)
    optimizer = torch.optim.AdamW(groups, weight_decay=settings.weight_decay,
                                  fused=place.device.type == 'cuda')
    average = WeightAverage(module, settings.average_decay)
    checkpoint = place.folder / f'{objective.name}.safetensors'
    lesson = lesson_digest(sources, plan, settings) + teacher
    first = _resume(checkpoint, module, average, optimizer, lesson)
    title = f'stage {part.number} of {part.count}, {objective.name}'
    if first >= settings.steps:
        print(f'{title}: done before')
        return average.model
    if first:
        print(f'{title}: goes on from step {first}')
    if fits_device(sources, plan, place.device):
        batches = DeviceBatches(sources, plan, place.device).steps(first, settings.steps)
    else:
        batches = training_batches(sources, plan, first, settings.steps, place.workers)
    log = StageLog(place.folder / f'{objective.name}.csv', first)
    step, saved, is_sound = first, time.monotonic(), True
    try:
        for batch in StageBar(batches, title, part, first, settings.steps):
            factor = learning_rate_factor(step, settings)
            for group, initial in zip(optimizer.param_groups, groups, strict=True):
                group['lr'] = initial['initial_lr'] * factor
            loss, figures = objective.loss(to_device(batch, place.device), step)
            if not loss.isfinite():
                is_sound = False  # norms have seen it
                raise TrainingError(
                    f'the loss of step {step} of {title} is {loss.item()}: the same command goes '
                    'on from the last checkpoint; if it fails again, look at the pictures')
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(module.parameters(), settings.gradient_norm)
            optimizer.step()
            average.update(step)
            log.add(step, {'loss': loss.item(), **figures})
            step += 1
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                _save(checkpoint, step, module, average, optimizer, lesson)
                saved = time.monotonic()
    except KeyboardInterrupt as error:
        raise RunInterruptedError(
            f'interrupted; the same command goes on from step {step} of {title}') from error
    finally:
        batches.close()
        if step > first and is_sound:
            _save(checkpoint, step, module, average, optimizer, lesson)
    return average.model


def lesson_digest(sources: list[tuple[LabelledImage, ...]], plan: BatchPlan,
                  settings: StageSettings) -> str:
    """Name what a stage learns from and how, wherever its pictures lie."""
    digest = hashlib.sha256(repr((plan, settings)).encode())
    for images in sources:
        for image in images:
            digest.update(repr((image.path.name, image.width, image.height)).encode())
            digest.update(image.boxes.tobytes() + image.labels.tobytes())
    return digest.hexdigest()


def learning_rate_factor(step: int, settings: StageSettings) -> float:
    """Return the share of the full learning rate at a step."""
    warm = min(1.0, (step + 1) / settings.warmup_steps)
    return warm * 0.5 * (1.0 + math.cos(math.pi * step / settings.steps))


def to_device(batch: Batch, device: torch.device) -> Batch:
    """Return the batch on a device, pictures channels last."""
    return Batch(
        batch.images.to(device, memory_format=torch.channels_last, non_blocking=True),
        batch.boxes.to(device, non_blocking=True), batch.labels.to(device, non_blocking=True))


class StageLog:
    """Append mean figures to a CSV every few steps; a resumed run goes on in the same file."""

    def __init__(self, path: Path, first_step: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._sums: dict[str, list[float]] = {}
        self._started = time.monotonic()
        if first_step == 0:
            path.unlink(missing_ok=True)

    def add(self, step: int, figures: dict[str, float]) -> None:
        """Take the figures of one step."""
        for name, value in figures.items():
            self._sums.setdefault(name, []).append(value)
        if (step + 1) % LOG_STEPS == 0:
            self._write(step + 1)

    def _write(self, step: int) -> None:
        rows = [(step, name, f'{sum(values) / len(values):.5g}')
                for name, values in sorted(self._sums.items())]
        rows.append((step, 'seconds', f'{time.monotonic() - self._started:.0f}'))
        self._sums.clear()
        fresh = not self._path.exists()
        with self._path.open('a', newline='', encoding='utf-8') as file:
            writer = csv.writer(file, lineterminator='\n')
            if fresh:
                writer.writerow(('step', 'figure', 'mean'))
            writer.writerows(rows)


def _resume(path: Path, module: nn.Module, average: WeightAverage,
            optimizer: torch.optim.Optimizer, lesson: str) -> int:
    if not path.is_file():
        return 0
    groups, metadata = load_checkpoint(path)
    if metadata.get('lesson') != lesson:
        raise CheckpointError(
            f'{path} was trained on other pictures or by other settings than those asked for now: '
            'choose another --output or remove it')
    try:
        module.load_state_dict(groups['model'])
        average.model.load_state_dict(groups['average'])
    except (KeyError, RuntimeError) as error:
        raise CheckpointError(
            f'{path} is of another model or data set; choose another --output or remove it '
            f'({str(error).splitlines()[0]})') from error
    restore_optimizer(optimizer, groups.get('optimizer', {}))
    return int(metadata['step'])


def _save(path: Path, step: int, module: nn.Module, average: WeightAverage,
          optimizer: torch.optim.Optimizer, lesson: str) -> None:
    save_checkpoint(path, {
        'model': module.state_dict(),
        'average': average.model.state_dict(),
        'optimizer': flatten_optimizer(optimizer),
    }, {'step': step, 'lesson': lesson})
