"""
A trained model as the folder that both nodes run.

Nothing in the folder but `model.safetensors` needs torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from slim_split_ros.networks.candidates import CANDIDATES
from slim_split_ros.networks.config import INPUT_MULTIPLE, LATENT_STRIDE, MEANS, ModelConfig
from slim_split_ros.networks.encoder import SlimmableEncoder
from slim_split_ros.networks.levels import choose_levels, level_counts
from slim_split_ros.networks.quantizer import rate_gain
from slim_split_ros.networks.split_detector import SplitDetector, normalize
from slim_split_ros.networks.transform import lower_frequencies
from slim_split_ros.training.export.detector_file import (
    DETECTOR_FILE,
    DETECTOR_NOTES_FILE,
    copy_detector,
)
from slim_split_ros.training.export.fold import RobotEncoder, RobotMap
from slim_split_ros.training.export.model_folder import (
    DETECT_FILE,
    REBUILD_FILE,
    encoder_file,
    map_file,
    seal_folder,
    write_manifest,
)
from slim_split_ros.training.export.onnx_graphs import (
    write_detect,
    write_encoder,
    write_map,
    write_rebuild,
)
from slim_split_ros.wire.context_counts import ContextCounts, SizeCounts
from slim_split_ros.wire.context_tables import ContextTables
from slim_split_ros.wire.manifest import FORMAT, MANIFEST_FILE
from slim_split_ros.wire.payload import Coder

CODER = Coder.CONTEXTS.name.lower()
# Entropy tables of every width and rate: tables[width_index][rate].
AllTables = list[list[ContextTables]]


@torch.no_grad()
def fit_all_tables(encoder: SlimmableEncoder, images: Iterable[Tensor]) -> AllTables:
    """
    Count the symbols of pictures uint8 (N, 3, H, W) at every width and rate.

    Goes through `images` twice: how large symbols are comes first, then how much larger those are
    whose neighbours are. All widths and rates share the tables.
    """
    config = encoder.config
    planes, levels = 1 + MEANS, len(config.level_gains)
    sizes = [[SizeCounts(config.latents(width), planes, levels) for _ in range(config.rates)]
             for width in config.widths]
    for index, rate, frame in _frames(encoder, images):
        sizes[index][rate].add(frame)
    counts = ContextCounts(planes, levels, _parents(config))
    tables = [[ContextTables(counts.unfitted, of_rate.expected(_sent(config, width)))
               for of_rate in of_rates]
              for width, of_rates in zip(config.widths, sizes, strict=True)]
    for index, rate, frame in _frames(encoder, images):
        counts.add(frame, tables[index][rate])
    contexts = counts.fit()
    return [[replace(of_rate, contexts=contexts) for of_rate in of_rates] for of_rates in tables]


def _frames(encoder: SlimmableEncoder, images: Iterable[Tensor]
            ) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield index of the width, rate and symbols, int8 (C, h, w), of each picture at all."""
    config = encoder.config
    for batch in images:
        image = normalize(batch)
        for index, width in enumerate(config.widths):
            importance = encoder.importance(image, width)
            for rate in range(config.rates):
                gain = rate_gain(config, width, rate)
                chosen = choose_levels(importance, config, gain[0])
                symbols = encoder.symbols(image, chosen, width, gain)
                for frame in symbols.to(torch.int8).numpy():
                    yield index, rate, frame


def _parents(config: ModelConfig) -> tuple[tuple[int, ...], ...]:
    """Return the parents of each channel, of which the first are levels."""
    return ((), *(tuple(1 + number for number in row)
                  for row in lower_frequencies(config.coefficient_channels)))


def _sent(config: ModelConfig, width: float) -> list[int]:
    """Return how many coefficients beside the means cells of each level send."""
    return [count - MEANS for count in level_counts(config, width)]


def write_model_folder(
    model: SplitDetector, tables: AllTables, folder: Path, detector: Path | None = None
) -> str:
    """
    Write weights, graphs and manifest; return the fingerprint.

    There are maps for video, but no settings of it: `set_video` adds them. `detector`, the ONNX
    file of one of pictures, goes with the folder instead of the model's own; raises
    DetectorFileError where it cannot be used. `model` must have been rounded by `round_to_half`,
    or the graphs would hold other weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = model.config
    model = model.cpu().eval()
    names = {width: encoder_file(width) for width in config.widths}
    for width, name in names.items():
        robot = RobotEncoder(model.encoder, width)
        write_encoder(robot, config.latents(width), folder / name)
        write_map(RobotMap(robot), folder / map_file(width))
    write_rebuild(model, config.latent_channels, LATENT_STRIDE, folder / REBUILD_FILE)
    described = describe(model, tables, names)
    if detector is None:
        write_detect(model.detector, folder / DETECT_FILE)
        described |= {'detect': DETECT_FILE, 'candidates': CANDIDATES}
        found_by: tuple[str, ...] = (DETECT_FILE,)
    else:
        copied = copy_detector(detector, folder)
        described |= {'detector': DETECTOR_FILE, 'classes': list(copied.classes)}
        found_by = (DETECTOR_FILE, DETECTOR_NOTES_FILE)
    graphs = (*names.values(), *map(map_file, names), REBUILD_FILE, *found_by)
    return seal_folder(model, described, graphs, folder)


def describe(model: SplitDetector, tables: AllTables, names: dict[float, str]
             ) -> dict[str, Any]:
    """Return what both sides must agree on, as plain JSON data."""
    config = model.config
    return {
        'format': FORMAT,
        'classes': list(config.classes),
        'input_long_side': config.input_long_side,
        'input_multiple': INPUT_MULTIPLE,
        'latent_stride': LATENT_STRIDE,
        'widths': [{
            'width': width,
            'channels': config.channels(width),
            'latent_channels': config.latents(width),
            'encoder': names[width],
            'map': map_file(width),
            'gains': list(config.rate_gains[index]),
            'entropy_tables': [of_rate.to_json() for of_rate in tables[index]],
        } for index, width in enumerate(config.widths)],
        'coder': CODER,
        'contexts': tables[0][0].contexts.to_json(),
        'rebuild': REBUILD_FILE,
    }


def set_tables(folder: Path, tables: AllTables) -> str:
    """Let a folder code by these tables, its graphs as they are; return its new fingerprint."""
    manifest = json.loads((folder / MANIFEST_FILE).read_text('utf-8'))
    for entry, of_rates in zip(manifest['widths'], tables, strict=True):
        entry['entropy_tables'] = [of_rate.to_json() for of_rate in of_rates]
    manifest |= {'format': FORMAT, 'coder': CODER, 'contexts': tables[0][0].contexts.to_json()}
    return write_manifest(manifest, manifest['files'], folder)
