"""What the robot runs computes what training did, pixels and norms folded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip('torch')
ort = pytest.importorskip('onnxruntime')

from slim_split_ros.networks.encoder import SlimmableEncoder  # noqa: E402
from slim_split_ros.networks.levels import choose_levels, level_counts  # noqa: E402
from slim_split_ros.networks.quantizer import rate_gain  # noqa: E402
from slim_split_ros.networks.split_detector import normalize  # noqa: E402
from slim_split_ros.training.export.fold import RobotEncoder, RobotMap  # noqa: E402
from slim_split_ros.training.export.onnx_graphs import write_encoder, write_map  # noqa: E402
from support.small_networks import small_config  # noqa: E402

pytestmark = pytest.mark.torch


# Enough coefficients for wide widths to compute some of them in some cells alone.
CONFIG = replace(small_config(), coefficient_channels=128)


def taught_encoder(image: torch.Tensor, width: float) -> SlimmableEncoder:
    """Return an encoder with norms as training leaves them, that sees half of `image` matter."""
    torch.manual_seed(0)
    encoder = SlimmableEncoder(CONFIG).eval()
    for module in encoder.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2.0)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0, 0.3)
    # Between two cells: one at the boundary would fall either way, by processor.
    middle = encoder.importance(image, width).flatten(2).quantile(0.5, dim=2)[0]
    encoder.to_importance.bias -= middle - torch.logit(torch.tensor(
        encoder.config.level_thresholds))
    return encoder


@pytest.mark.parametrize('width', CONFIG.widths)
@torch.no_grad()
def test_the_robot_sends_the_symbols_of_the_slimmable_encoder(
    width: float, tmp_path: Path
) -> None:
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (1, 160, 192, 3), dtype=torch.uint8, generator=generator)
    image = normalize(pixels.permute(0, 3, 1, 2))
    encoder = taught_encoder(image, width)
    latents = encoder.config.latents(width)
    write_encoder(RobotEncoder(encoder, width), latents, tmp_path / 'encoder.onnx')
    session = ort.InferenceSession(str(tmp_path / 'encoder.onnx'))

    for rate in range(encoder.config.rates):
        gain = rate_gain(encoder.config, width, rate)
        (sent,) = session.run(
            None, {'image': pixels.numpy(), 'gain': gain[:latents].numpy()})

        symbols, expected = torch.from_numpy(sent), encoder(image, width, gain)
        assert symbols.dtype == torch.int8
        if rate == 0:  # coarser and finer rates need other chances
            assert set(symbols[:, 0].unique().tolist()) == {0, 1, 2}
        # Values at a boundary may fall either way.
        assert (symbols[:, 0] != expected[:, 0]).float().mean() < 0.03
        assert (symbols != expected).float().mean() < 0.03


@torch.no_grad()
def test_a_picture_without_small_things_sends_what_its_levels_send(tmp_path: Path) -> None:
    pixels = torch.randint(0, 256, (1, 64, 96, 3), dtype=torch.uint8,
                           generator=torch.Generator().manual_seed(1))
    encoder = taught_encoder(normalize(pixels.permute(0, 3, 1, 2)), 1.0)
    encoder.to_importance.bias[1] = -100.0
    write_encoder(RobotEncoder(encoder, 1.0), CONFIG.latents(1.0), tmp_path / 'encoder.onnx')
    (sent,) = ort.InferenceSession(str(tmp_path / 'encoder.onnx')).run(
        None, {'image': pixels.numpy(), 'gain': rate_gain(CONFIG, 1.0, 0).numpy()})
    first = 1 + level_counts(CONFIG, 1.0)[1]
    assert sent[0, 0].max() == 1
    assert sent[0, 1:first].any()
    assert not sent[0, first:].any()


@pytest.mark.parametrize('width', CONFIG.widths)
@torch.no_grad()
def test_the_robots_map_has_the_levels_of_the_slimmable_encoder(
    width: float, tmp_path: Path
) -> None:
    generator = torch.Generator().manual_seed(2)
    pixels = torch.randint(0, 256, (1, 96, 128, 3), dtype=torch.uint8, generator=generator)
    image = normalize(pixels.permute(0, 3, 1, 2))
    encoder = taught_encoder(image, width)
    write_map(RobotMap(RobotEncoder(encoder, width)), tmp_path / 'map.onnx')

    (found,) = ort.InferenceSession(str(tmp_path / 'map.onnx')).run(
        None, {'image': pixels.numpy()})

    levels = choose_levels(encoder.importance(image, width), CONFIG, torch.ones(()))
    assert found.dtype == np.int8 and found.shape == (1, 1, 6, 8)
    assert set(np.unique(found)) == {0, 1, 2}
    assert (found != levels.numpy()).mean() < 0.03
