"""
The founding paper's system as a folder that both nodes run, as ours is.

The number of members, 1 to 4, is the width in quarters; the rate counts the bits of a value
down, from 4 at rate 0 to 1 at rate 3. Values travel in so many bits, without entropy coding.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from slim_split_ros.networks.candidates import CANDIDATES
from slim_split_ros.networks.config import INPUT_MULTIPLE
from slim_split_ros.networks.rivals.ensemble import (
    LATENT_CHANNELS,
    LATENT_STRIDE,
    MEMBERS,
    MOST_BITS,
    EnsembleDetector,
    EnsembleEncoder,
    bits_of_rate,
    gain_of_bits,
    quantize,
)
from slim_split_ros.networks.split_detector import normalize
from slim_split_ros.training.export.model_folder import SERVER_FILE, encoder_file, seal_folder
from slim_split_ros.training.export.onnx_graphs import write_encoder, write_server
from slim_split_ros.wire.manifest import FORMAT

ALL_MEMBERS = range(1, MEMBERS + 1)


class RobotEnsemble(nn.Module):
    """
    Map uint8 pixels to int8 symbols by the first members, as `encoder_w*.onnx` does.

    Floor and limits are part of the graph, and both follow from the gain: 2**(bits - 1) leaves
    symbols from -gain to gain - 1. So the robot hands over the same two inputs as for our own
    encoder, and one graph serves every number of bits. The pixels' mean stays a subtraction: it
    takes 0.09 of 3 ms (one member, 416x320, one x86-64 core), and the layers stay the paper's.
    """

    def __init__(self, encoder: EnsembleEncoder, members: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.members = members

    def forward(self, image: Tensor, gain: Tensor) -> Tensor:
        """Map uint8 (1, H, W, 3), BGR, and gains (C,) to int8 (1, C, H/4, W/4)."""
        latent = self.encoder(normalize(image.permute(0, 3, 1, 2)), self.members)
        return quantize(latent, gain)


def write_ensemble_folder(model: EnsembleDetector, folder: Path) -> str:
    """
    Write weights, graphs and manifest; return the fingerprint.

    `model` must have been rounded by `round_to_half`, or the graphs would hold other weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = model.cpu().eval()
    names = {members: encoder_file(members / MEMBERS) for members in ALL_MEMBERS}
    for members, name in names.items():
        write_encoder(RobotEnsemble(model.encoder, members), LATENT_CHANNELS, folder / name)
    write_server(model, LATENT_CHANNELS, LATENT_STRIDE, folder / SERVER_FILE)
    return seal_folder(
        model, describe_ensemble(model, names), (*names.values(), SERVER_FILE), folder)


def describe_ensemble(model: EnsembleDetector, names: dict[int, str]) -> dict[str, Any]:
    """Return what both sides must agree on, as plain JSON data."""
    bits = [bits_of_rate(rate) for rate in range(MOST_BITS)]
    return {
        'format': FORMAT,
        'classes': list(model.config.classes),
        'input_long_side': model.config.input_long_side,
        'input_multiple': INPUT_MULTIPLE,
        'latent_stride': LATENT_STRIDE,
        'widths': [{
            'width': members / MEMBERS,
            'channels': members * LATENT_CHANNELS,  # computed; their sum is sent
            'latent_channels': LATENT_CHANNELS,
            'encoder': name,
            'gains': [gain_of_bits(count) for count in bits],
        } for members, name in names.items()],
        'bits': bits,
        'coder': 'bits',
        'server': SERVER_FILE,
        'candidates': CANDIDATES,
    }
