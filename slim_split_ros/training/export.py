"""
How does a trained model become the folder that both nodes run?

Nothing in the folder but `model.safetensors` needs torch.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from slim_split_ros.networks.candidates import CANDIDATES
from slim_split_ros.networks.config import INPUT_MULTIPLE, LATENT_STRIDE
from slim_split_ros.networks.quantizer import quantize
from slim_split_ros.networks.split_detector import SplitDetector, normalize
from slim_split_ros.training.fold import RobotEncoder
from slim_split_ros.training.model_folder import SERVER_FILE, encoder_file, seal_folder
from slim_split_ros.training.onnx_graphs import write_encoder, write_server
from slim_split_ros.training.transmit import Codec
from slim_split_ros.wire.entropy_tables import ChannelTables, count_symbols, fit_tables
from slim_split_ros.wire.neighbours import to_differences

# Symbol tables of every width and rate: tables[width_index][rate] holds one a latent channel.
AllTables = list[list[ChannelTables]]


@torch.no_grad()
def fit_all_tables(model: Codec, images: Iterable[Tensor]) -> AllTables:
    """Count the symbols of pictures uint8 (N, 3, H, W) at every width and rate."""
    config = model.config
    shape = (len(config.widths), config.rates, config.latent_channels, 256)
    counts, differences = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for batch in images:
        for index, width in enumerate(config.widths):
            latent = model.encoder(normalize(batch), width)
            for rate in range(config.rates):
                gain = model.quantizer.gain(rate)[:latent.shape[1]]
                symbols = quantize(latent, gain).transpose(0, 1).numpy()  # C, N, h, w
                place = (index, rate, slice(len(symbols)))
                counts[place] += count_symbols(symbols)
                differences[place] += count_symbols(to_differences(symbols))
    return [[fit_tables(counts[index, rate, :config.latents(width)],
                        differences[index, rate, :config.latents(width)])
             for rate in range(config.rates)] for index, width in enumerate(config.widths)]


def write_model_folder(model: SplitDetector, tables: AllTables, folder: Path) -> str:
    """
    Write weights, graphs and manifest; return the fingerprint.

    `model` must have been rounded by `round_to_half`, or the graphs would hold other weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = model.config
    model = model.cpu().eval()
    names = {width: encoder_file(width) for width in config.widths}
    for width, name in names.items():
        robot = RobotEncoder(model.encoder, width)
        write_encoder(robot, config.latents(width), folder / name)
    write_server(model, config.latent_channels, LATENT_STRIDE, folder / SERVER_FILE)
    return seal_folder(
        model, describe(model, tables, names), (*names.values(), SERVER_FILE), folder)


def describe(model: SplitDetector, tables: AllTables, names: dict[float, str]
             ) -> dict[str, Any]:
    """Return what both sides must agree on, as plain JSON data."""
    config = model.config
    return {
        'format': 1,
        'classes': list(config.classes),
        'input_long_side': config.input_long_side,
        'input_multiple': INPUT_MULTIPLE,
        'latent_stride': LATENT_STRIDE,
        'widths': [{
            'width': width,
            'channels': config.channels(width),
            'latent_channels': config.latents(width),
            'encoder': names[width],
            'entropy_tables': [[table.to_json() for table in channels]
                               for channels in tables[index]],
        } for index, width in enumerate(config.widths)],
        'rates': [{'gain': [round(value, 6) for value in model.quantizer.gain(rate).tolist()]}
                  for rate in range(config.rates)],
        'server': SERVER_FILE,
        'candidates': CANDIDATES,
    }
