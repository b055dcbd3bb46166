"""The founding paper's system as a model folder: the same layout, symbols of 4 to 1 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip('torch')
ort = pytest.importorskip('onnxruntime')

from slim_split_ros.__main__ import main  # noqa: E402
from slim_split_ros.networks.errors import WeightsError  # noqa: E402
from slim_split_ros.networks.rivals.ensemble import EnsembleDetector, quantize  # noqa: E402
from slim_split_ros.networks.split_detector import normalize  # noqa: E402
from slim_split_ros.networks.stored_weights import load_model  # noqa: E402
from slim_split_ros.offboard.decode import decode_frame  # noqa: E402
from slim_split_ros.offboard.onnx_runtime import OnnxRuntime  # noqa: E402
from slim_split_ros.offboard.torch_runtime import TorchRuntime  # noqa: E402
from slim_split_ros.onboard.encoder import FrameEncoder  # noqa: E402
from slim_split_ros.weights import SHIPPED_MODELS  # noqa: E402
from slim_split_ros.wire.header import Frame, FrameHeader  # noqa: E402
from slim_split_ros.wire.manifest import Manifest, load_manifest  # noqa: E402
from slim_split_ros.wire.payload import unpack_symbols  # noqa: E402
from support.small_networks import untrained_ensemble, write_untrained_ensemble  # noqa: E402

pytestmark = pytest.mark.torch

BITS_OF_RATES = (4, 3, 2, 1)


@pytest.fixture(scope='module')
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('ensemble')
    write_untrained_ensemble(folder)
    return folder


@pytest.fixture(scope='module')
def manifest(exported: Path) -> Manifest:
    return load_manifest(exported)


def picture(height: int = 96, width: int = 128) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3)).astype(np.uint8)


def test_widths_are_members_and_rates_are_bits(manifest: Manifest) -> None:
    assert [entry.width for entry in manifest.widths] == [0.25, 0.5, 0.75, 1.0]
    assert [entry.latent_channels for entry in manifest.widths] == [6, 6, 6, 6]
    assert [entry.channels for entry in manifest.widths] == [6, 12, 18, 24]
    assert manifest.bits == BITS_OF_RATES
    assert {entry.gains for entry in manifest.widths} == {(8.0, 4.0, 2.0, 1.0)}
    assert manifest.latent_stride == 4


@pytest.mark.parametrize('members', [1, 2, 3, 4])
def test_exported_encoders_give_the_symbols_of_torch(
    exported: Path, manifest: Manifest, members: int
) -> None:
    model, pixels = load_model(exported), picture()
    entry = manifest.widths[members - 1]
    session = ort.InferenceSession(str(manifest.checked_file(entry.encoder)))
    with torch.no_grad():
        latent = model.encoder(
            normalize(torch.from_numpy(pixels[None]).permute(0, 3, 1, 2)), members)
    for of_bits, bits in zip(entry.gains, manifest.bits, strict=True):
        gain = np.full(6, of_bits, np.float32)
        (symbols,) = session.run(None, {'image': pixels[None], 'gain': gain})
        expected = quantize(latent, torch.from_numpy(gain)).numpy()
        assert symbols.dtype == np.int8
        assert symbols.shape == (1, 6, 24, 32)
        assert symbols.min() >= -2 ** (bits - 1) and symbols.max() < 2 ** (bits - 1)
        # Values at a boundary may fall either way.
        assert (symbols != expected).mean() < 0.01


def test_a_saturated_latent_stays_within_its_bits(manifest: Manifest) -> None:
    """One bright pixel on black stands far above what the frame's norms make of the rest."""
    pixels = np.zeros((96, 128, 3), np.uint8)
    pixels[40:44, 60:64] = 255
    encoder = FrameEncoder(manifest)

    for rate, bits in enumerate(BITS_OF_RATES):
        encoded = encoder.encode(pixels, 1.0, rate)

        symbols = unpack_symbols(encoded.payload, (6, 24, 32), manifest.coder, bits=bits)
        assert (symbols.min(), symbols.max()) == (-2 ** (bits - 1), 2 ** (bits - 1) - 1)


def test_every_mode_goes_from_picture_to_candidates(manifest: Manifest) -> None:
    encoder, server = FrameEncoder(manifest), OnnxRuntime(manifest, 1)
    for index, entry in enumerate(manifest.widths):
        for rate, bits in enumerate(manifest.bits):
            encoded = encoder.encode(picture(480, 640), entry.width, rate)
            header = FrameHeader(
                0, 0, encoded.geometry, entry.width, rate, manifest.fingerprint, 0, 1.0)
            frame = decode_frame(Frame(header, encoded.payload), manifest)

            (found,) = server.detect_symbols(
                frame.symbols[None], frame.inverse_gain[None], np.array([index]))

            assert len(encoded.payload) == 1 + 6 * 24 * 32 * bits // 8
            assert np.isfinite(found.boxes).all() and np.isfinite(found.scores).all()


def test_both_runtimes_of_the_server_agree(manifest: Manifest) -> None:
    rng = np.random.default_rng(0)
    symbols = rng.integers(-8, 8, (3, 6, 32, 24)).astype(np.int8)
    inputs = (symbols, np.full((3, 6), 1 / 8, np.float32), np.array([0, 1, 3]))
    for one, other in zip(OnnxRuntime(manifest, 1).detect_symbols(*inputs),
                          TorchRuntime(manifest, 'cpu').detect_symbols(*inputs), strict=True):
        assert np.allclose(one.scores, other.scores, atol=1e-4)
        clear = np.flatnonzero(np.diff(one.scores) < -1e-4)[:5]  # equal scores may swap
        assert np.allclose(one.boxes[clear], other.boxes[clear], atol=0.05)


def test_weights_come_back_as_the_system_that_they_are_of(exported: Path) -> None:
    model = load_model(exported)

    assert isinstance(model, EnsembleDetector)
    for name, tensor in untrained_ensemble().state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name]), name


def test_weights_of_an_unknown_system_are_refused(exported: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    save_file(load_file(exported / 'model.safetensors'), tmp_path / 'model.safetensors',
              metadata={'codec': 'morse', 'config': '{"classes": ["square"]}'})

    with pytest.raises(WeightsError, match='cannot be read as a model .*morse'):
        load_model(tmp_path)


def test_the_command_writes_the_same_folder_from_weights_without_pictures(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = str(exported / 'model.safetensors')

    assert main(['export', '--checkpoint', weights, '--output', str(tmp_path)]) == 0

    assert load_manifest(tmp_path).fingerprint == load_manifest(exported).fingerprint
    assert f'{load_manifest(exported).fingerprint:016x}' in capsys.readouterr().out


def test_the_command_takes_a_shipped_model_by_its_name(tmp_path: Path) -> None:
    assert main(['export', '--checkpoint', 'ensemble', '--output', str(tmp_path)]) == 0

    shipped = load_manifest(SHIPPED_MODELS['ensemble'])
    assert load_manifest(tmp_path).classes == shipped.classes
