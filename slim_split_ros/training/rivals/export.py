"""
Rivals as model folders, so that robot and server treat them exactly like ours.

The ensemble's folder is also the one that users run (`export/ensemble.py`); the other three are
there to be measured.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from slim_split_ros.networks.candidates import CANDIDATES
from slim_split_ros.networks.config import INPUT_MULTIPLE
from slim_split_ros.networks.detector import Detector, Prediction
from slim_split_ros.networks.rivals import entropic, late
from slim_split_ros.networks.rivals.prior import latent_of, round_latent
from slim_split_ros.networks.rivals.rivals import Rivals
from slim_split_ros.networks.rivals.stored import StoredRivals
from slim_split_ros.networks.split_detector import SplitDetector, normalize
from slim_split_ros.networks.stored_weights import round_to_half
from slim_split_ros.training.export.ensemble import write_ensemble_folder
from slim_split_ros.training.export.model import write_model_folder
from slim_split_ros.training.export.model_folder import SERVER_FILE, encoder_file, write_manifest
from slim_split_ros.training.export.onnx_graphs import write_encoder, write_server
from slim_split_ros.wire.context_tables import Contexts, ContextTables
from slim_split_ros.wire.manifest import FORMAT

RIVAL_CODECS = ('paper', 'entropic', 'static', 'late')


def write_rival_folder(stored: StoredRivals, codec: str, server: SplitDetector, folder: Path
                       ) -> None:
    """Write the model folder of one of RIVAL_CODECS; `server` is the model they compete with."""
    write: dict[str, Callable[[], object]] = {
        'paper': lambda: write_ensemble_folder(
            round_to_half(stored.rivals.ensemble), folder),
        'static': lambda: _write_static(stored, server, folder),
        'entropic': lambda: _write_single(
            RobotEntropic(stored.rivals), _entropic_server(stored.rivals), 'entropic', stored,
            folder),
        'late': lambda: _write_single(
            RobotLate(stored.rivals), _late_server(stored.rivals), 'late', stored, folder),
    }
    write[codec]()


class RobotEntropic(nn.Module):
    """Map uint8 pixels to int8 symbols by the Entropic Student's encoder."""

    latent_channels, latent_stride, gain = entropic.LATENT_CHANNELS, entropic.LATENT_STRIDE, 1.0

    def __init__(self, rivals: Rivals) -> None:
        super().__init__()
        self.encoder = rivals.entropic.encoder

    def forward(self, image: Tensor, gain: Tensor) -> Tensor:
        """Map uint8 (1, H, W, 3), BGR, and gains (C,) to int8 (1, C, H/8, W/8)."""
        return round_latent(self.encoder(normalize(image.permute(0, 3, 1, 2))), gain)


class RobotLate(nn.Module):
    """Map uint8 pixels to int8 symbols by the first half of the detector."""

    latent_channels, latent_stride = late.LATENT_CHANNELS, late.LATENT_STRIDE
    gain = float(late.SYMBOL_LIMIT)

    def __init__(self, rivals: Rivals) -> None:
        super().__init__()
        self.stem = rivals.server.stem
        self.codec = rivals.late

    def forward(self, image: Tensor, gain: Tensor) -> Tensor:
        """Map uint8 (1, H, W, 3), BGR, and gains (C,) to int8 (1, C, H/16, W/16)."""
        features = self.stem(normalize(image.permute(0, 3, 1, 2)))
        return round_latent(self.codec.encode(features), gain)


class PlainServer(nn.Module):
    """Decode latents without being told how they were made, and detect."""

    def __init__(self, decoder: nn.Module, detector: Detector) -> None:
        super().__init__()
        self.decoder = decoder
        self.detector = detector

    def decode(self, symbols: Tensor, inverse_gain: Tensor, width_index: Tensor) -> Prediction:
        """Detect from symbols int8 (N, C, h, w) and steps (N, C); the width (N,) is ignored."""
        # Times zero, so that graphs of every codec have the same inputs.
        ignored = 0.0 * width_index.to(inverse_gain.dtype)[:, None]
        latent = latent_of(symbols, inverse_gain + ignored)
        return self.detector.from_features(self.decoder(latent))


def _entropic_server(rivals: Rivals) -> PlainServer:
    return PlainServer(rivals.entropic.decoder, rivals.server)


def _late_server(rivals: Rivals) -> PlainServer:
    return PlainServer(rivals.late.decoder, rivals.server)


def _write_single(robot: RobotEntropic | RobotLate, server: PlainServer, codec: str,
                  stored: StoredRivals, folder: Path) -> None:
    """Write the folder of a codec of one width and one rate."""
    folder.mkdir(parents=True, exist_ok=True)
    round_to_half(nn.ModuleDict({'robot': robot, 'server': server}))
    channels = robot.latent_channels
    write_encoder(robot, channels, folder / encoder_file(1.0))
    write_server(server, channels, robot.latent_stride, folder / SERVER_FILE)
    description: dict[str, Any] = {
        'format': FORMAT,
        'classes': list(stored.rivals.config.classes),
        'input_long_side': stored.rivals.config.input_long_side,
        'input_multiple': INPUT_MULTIPLE,
        'latent_stride': robot.latent_stride,
        'widths': [{
            'width': 1.0, 'channels': channels, 'latent_channels': channels,
            'encoder': encoder_file(1.0), 'gains': [robot.gain],
            'entropy_tables': stored.tables[codec]}],
        'coder': 'ans',
        'detect': SERVER_FILE,
        'candidates': CANDIDATES,
    }
    write_manifest(description, (encoder_file(1.0), SERVER_FILE), folder)


def _write_static(stored: StoredRivals, server: SplitDetector, folder: Path) -> None:
    """Write our encoder of one width with the server of our model, which reads it as its own."""
    model = SplitDetector(stored.rivals.static.config)
    model.encoder, model.detector = stored.rivals.static, server.detector
    model.decoder.restorer = server.decoder.restorer
    static = stored.tables['static']
    contexts = Contexts.from_json(static['contexts'])
    tables = [ContextTables.from_json(rate, contexts) for rate in static['rates']]
    write_model_folder(round_to_half(model), [tables], folder)
