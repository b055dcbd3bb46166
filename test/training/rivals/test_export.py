"""Rivals as model folders: robot and server run them as they run ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('onnxruntime')

from slim_split_ros.networks.quantizer import rate_gain  # noqa: E402
from slim_split_ros.networks.rivals import late  # noqa: E402
from slim_split_ros.networks.rivals.stored import StoredRivals  # noqa: E402
from slim_split_ros.networks.split_detector import SplitDetector, normalize  # noqa: E402
from slim_split_ros.networks.stored_weights import load_model, round_to_half  # noqa: E402
from slim_split_ros.offboard.decode import decode_frame  # noqa: E402
from slim_split_ros.offboard.server import load_server  # noqa: E402
from slim_split_ros.onboard.encoder import FrameEncoder  # noqa: E402
from slim_split_ros.training.data.coco_folder import load_split  # noqa: E402
from slim_split_ros.training.rivals.export import RIVAL_CODECS, write_rival_folder  # noqa: E402
from slim_split_ros.wire.header import Frame, FrameHeader  # noqa: E402
from slim_split_ros.wire.manifest import Manifest, load_manifest  # noqa: E402
from slim_split_ros.wire.payload import unpack_symbols  # noqa: E402
from support.drawn_data import write_drawn_data  # noqa: E402
from support.small_networks import small_config, untrained_rivals  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture(scope='module')
def stored(tmp_path_factory: pytest.TempPathFactory) -> StoredRivals:
    folder = tmp_path_factory.mktemp('drawn')
    write_drawn_data(folder, 'train', 4)
    return untrained_rivals([load_split(folder, 'train').images])


@pytest.fixture(scope='module')
def manifests(tmp_path_factory: pytest.TempPathFactory, stored: StoredRivals
              ) -> dict[str, Manifest]:
    folder = tmp_path_factory.mktemp('rivals')
    torch.manual_seed(1)
    ours = round_to_half(SplitDetector(small_config()))
    for codec in RIVAL_CODECS:
        write_rival_folder(stored, codec, ours, folder / codec)
    return {codec: load_manifest(folder / codec) for codec in RIVAL_CODECS}


def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (96, 128, 3)).astype(np.uint8)


def torch_symbols(stored: StoredRivals, codec: str, image: torch.Tensor) -> torch.Tensor:
    """Return the symbols of a codec as torch computes them, floats."""
    rivals = stored.rivals
    if codec == 'entropic':
        return rivals.entropic.encoder(image).round()
    if codec == 'late':
        return (127 * rivals.late.encode(rivals.server.stem(image))).round()
    return rivals.static(image, 1.0, rate_gain(rivals.static.config, 1.0, 0))


@pytest.mark.parametrize('codec', ['entropic', 'late', 'static'])
def test_the_robot_sends_the_symbols_of_torch(
    codec: str, stored: StoredRivals, manifests: dict[str, Manifest]
) -> None:
    manifest = manifests[codec]
    encoded = FrameEncoder(manifest).encode(picture(), 1.0, 0)
    symbols = unpack_symbols(
        encoded.payload, encoded.symbol_shape, manifest.coder, manifest.tables(0, 0))
    with torch.no_grad():
        image = normalize(torch.from_numpy(picture())[None].permute(0, 3, 1, 2))
        expected = torch_symbols(stored, codec, image)[0].numpy()
    # Values at a rounding boundary may fall either way, folded norms move those of 8 bits more.
    assert np.abs(symbols - expected).max() <= 1
    assert (symbols != expected).mean() < 0.03


@pytest.mark.parametrize('codec', RIVAL_CODECS)
def test_the_server_detects_in_what_the_robot_sent(
    codec: str, manifests: dict[str, Manifest]
) -> None:
    manifest = manifests[codec]
    encoded = FrameEncoder(manifest).encode(picture(), 1.0, 0)
    header = FrameHeader(
        sender_start_ns=0, sequence=0, geometry=encoded.geometry, width=1.0, rate=0,
        fingerprint=manifest.fingerprint, stamp_ns=0, encode_ms=0.0)
    frame = decode_frame(Frame(header, encoded.payload), manifest)
    (found,) = load_server(manifest, 'cpu').detect([frame], 0.0, 100)
    assert len(found.scores) > 0
    assert np.isfinite(found.boxes).all()


def test_the_servers_graph_computes_what_training_did(
    stored: StoredRivals, manifests: dict[str, Manifest]
) -> None:
    symbols = np.random.default_rng(1).integers(-90, 90, (1, 8, 6, 8)).astype(np.int8)
    inverse_gain = np.full((1, 8), 1 / 127, np.float32)
    with torch.no_grad():
        features = stored.rivals.late.decoder(late.dequantize(torch.from_numpy(symbols)))
        scores = stored.rivals.server.from_features(features).logits.sigmoid()
    server = load_server(manifests['late'], 'cpu')
    (candidates,) = server._runtime.detect_symbols(symbols, inverse_gain, np.array([0]))
    assert candidates.scores[0] == pytest.approx(scores.max().item(), abs=1e-3)


def test_an_encoder_of_one_width_is_read_by_our_server_repairs_included(
    stored: StoredRivals, tmp_path: Path
) -> None:
    ours = SplitDetector(small_config())
    torch.nn.init.constant_(ours.decoder.restorer.exit.bias, 0.5)
    write_rival_folder(stored, 'static', round_to_half(ours), tmp_path)
    written = load_model(tmp_path)
    for part in ('decoder', 'detector'):
        expected = getattr(ours, part).state_dict()
        for name, tensor in getattr(written, part).state_dict().items():
            assert torch.equal(tensor, expected[name]), name
