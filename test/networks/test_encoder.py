"""The slimmable encoder: one set of weights, four widths."""

import pytest

torch = pytest.importorskip('torch')

from slim_split_ros.networks.config import ModelConfig  # noqa: E402
from slim_split_ros.networks.encoder import SlimmableEncoder  # noqa: E402
from support.small_networks import small_config  # noqa: E402

pytestmark = pytest.mark.torch


def test_each_width_gives_its_share_of_latent_channels_at_a_sixteenth() -> None:
    config = ModelConfig(('ball',))
    encoder = SlimmableEncoder(config).eval()
    image = torch.zeros(2, 3, 64, 96)
    for width, latents in zip(config.widths, (28, 56, 84, 112), strict=True):
        assert encoder(image, width).shape == (2, latents, 4, 6)


def test_widths_share_their_convolutions() -> None:
    encoder = SlimmableEncoder(small_config()).eval()
    image = torch.randn(1, 3, 32, 32)
    before = encoder(image, 0.25)
    with torch.no_grad():
        encoder.patch.conv.weight[:4] += 1.0  # rows that every width uses
    assert not torch.equal(encoder(image, 0.25), before)


def test_a_narrow_width_ignores_the_channels_of_wider_ones() -> None:
    encoder = SlimmableEncoder(small_config()).eval()
    image = torch.randn(1, 3, 32, 32)
    before = encoder(image, 0.25)
    with torch.no_grad():
        encoder.patch.conv.weight[4:] += 1.0
        encoder.down8.conv.weight[:, 4:] += 1.0
        encoder.to_latents.weight[2:] += 1.0
    assert torch.equal(encoder(image, 0.25), before)


def test_the_widest_width_reaches_every_convolution_with_its_gradient() -> None:
    encoder = SlimmableEncoder(small_config()).train()
    encoder(torch.randn(2, 3, 64, 64), 1.0).square().sum().backward()
    without = [name for name, parameter in encoder.named_parameters()
               if 'conv' in name and (parameter.grad is None or not parameter.grad.any())]
    assert without == []


def test_an_unknown_width_is_refused() -> None:
    with pytest.raises(ValueError, match='not in'):
        SlimmableEncoder(small_config())(torch.zeros(1, 3, 32, 32), 0.3)
