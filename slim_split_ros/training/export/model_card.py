"""What a user of a model should know: its data, classes, sizes and how it was made."""

from __future__ import annotations

import json
from pathlib import Path

from slim_split_ros.training.data.coco_folder import CocoSplit
from slim_split_ros.training.settings import GENERAL, PRESETS, RIVALS, StageSettings
from slim_split_ros.wire.manifest import MANIFEST_FILE

CARD_FILE = 'MODEL_CARD.md'


def write_model_card(folder: Path, splits: list[CocoSplit], preset: str, base: str) -> None:
    """Write the card beside the manifest; figures of accuracy are `evaluate`'s to add."""
    manifest = json.loads((folder / MANIFEST_FILE).read_text('utf-8'))
    lines = [
        '# Model card', '',
        f'Fingerprint `{manifest["fingerprint"]}`; network input: longer side '
        f'{manifest["input_long_side"]} pixels.', '',
        '## Classes', '', ', '.join(f'`{name}`' for name in manifest['classes']), '',
        '## Training data', '', '| annotations | images | boxes by class |', '|---|---|---|',
        *(_data_row(split) for split in splits), '',
        '## How it was made', '',
        f'`python -m slim_split_ros train --preset {preset}`: '
        f'detector {_stage(PRESETS[preset].detector)}; encoder '
        f'{_stage(PRESETS[preset].encoder)}; codec {_stage(PRESETS[preset].codec)}, parts of '
        f'pictures at the scale of whole ones. Encoder and codec start from those of `{base}`.',
        '', '## Encoders', '', '| width | channels | latent channels |', '|---|---|---|',
        *(f'| {entry["width"]:g} | {entry["channels"]} | {entry["latent_channels"]} |'
          for entry in manifest['widths']), '',
    ]
    (folder / CARD_FILE).write_text('\n'.join(lines), 'utf-8')


def write_general_card(folder: Path, seed: int) -> None:
    """Write the card of a model without labels and without a detector of its own."""
    manifest = json.loads((folder / MANIFEST_FILE).read_text('utf-8'))
    lines = [
        '# Model card: general', '',
        f'Fingerprint `{manifest["fingerprint"]}`; network input: longer side '
        f'{manifest["input_long_side"]} pixels. Its finder marks things of any kind in any '
        f'scene; the detector `{manifest["detector"]}` that goes with it finds '
        f'{sum(map(bool, manifest["classes"]))} classes in the rebuilt pictures.', '',
        '## How it was made', '',
        f'`python -m slim_split_ros train --preset general --seed {seed}`: finder '
        f'{_stage(GENERAL.finder)}; repairs {_stage(GENERAL.repairs)} at the scale of whole '
        'ones. Nobody labelled anything for it: what detectors found in photographs was taken '
        'for things.', '']
    (folder / CARD_FILE).write_text('\n'.join(lines), 'utf-8')


def write_rivals_card(folder: Path, splits: list[CocoSplit], preset: str) -> None:
    """Write the card of the rivals beside their file."""
    lines = [
        '# Model card: rivals', '',
        "Systems that `evaluate` compares with, not meant for use: the founding paper's "
        'ensemble, an Entropic Student and a late cut before one shared detector, our encoder '
        'trained for its full width alone, and a small detector for the robot. What only the '
        'server runs has 8 bits a weight, the rest is in half precision.', '',
        '## Training data', '', '| annotations | images | boxes by class |', '|---|---|---|',
        *(_data_row(split) for split in splits), '',
        '## How they were made', '',
        f'`python -m slim_split_ros train --rivals --preset {preset}`: the first three together '
        f'{_stage(RIVALS[preset].codecs)}, a third of each batch for each; our encoder '
        f'{_stage(RIVALS[preset].static)}; the detector for the robot '
        f'{_stage(RIVALS[preset].nano)}.', '',
    ]
    (folder / CARD_FILE).write_text('\n'.join(lines), 'utf-8')


def _data_row(split: CocoSplit) -> str:
    boxes = ', '.join(f'{name} {count}' for name, count in split.class_counts.items())
    folder = split.annotation_file.parent.parent.name
    return f'| {folder}/{split.annotation_file.name} | {len(split.images)} | {boxes} |'


def _stage(settings: StageSettings) -> str:
    return (f'{settings.steps} steps of {settings.batch_size} pictures, AdamW, '
            f'{settings.learning_rate:g} falling to 0')
