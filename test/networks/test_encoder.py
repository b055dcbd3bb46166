"""The slimmable encoder: one set of weights, four widths."""

import pytest

torch = pytest.importorskip('torch')

from slim_split_ros.networks.config import ModelConfig  # noqa: E402
from slim_split_ros.networks.encoder import SlimmableEncoder  # noqa: E402
from slim_split_ros.networks.quantizer import rate_gain  # noqa: E402
from support.small_networks import small_config  # noqa: E402

pytestmark = pytest.mark.torch

EVERY_WIDTH = (0.25, 0.5, 0.75, 1.0)


def small_encoder() -> SlimmableEncoder:
    torch.manual_seed(0)
    return SlimmableEncoder(small_config()).eval()


def test_each_width_sends_levels_and_its_share_of_coefficients_at_a_sixteenth() -> None:
    config = ModelConfig(('ball',))
    encoder = SlimmableEncoder(config).eval()
    image, gain = torch.zeros(2, 3, 64, 96), rate_gain(config, 1.0, 0)
    for width, latents in zip(config.widths, (33, 97, 145, 193), strict=True):
        assert config.latents(width) == latents
        assert encoder(image, width, gain).shape == (2, latents, 4, 6)


@pytest.mark.parametrize('width', EVERY_WIDTH)
def test_symbols_are_whole_and_fit_into_eight_bits(width: float) -> None:
    image = 1000 * torch.randn(1, 3, 64, 64)
    symbols = small_encoder()(image, width, rate_gain(small_config(), 1.0, 0))
    assert torch.equal(symbols, symbols.round())
    assert symbols.abs().max() == 127
    assert set(symbols[:, 0].unique().tolist()) <= {0, 1, 2}


def test_widths_share_their_convolutions() -> None:
    encoder, image = small_encoder(), torch.randn(1, 3, 32, 32)
    before = encoder.importance(image, 0.25)
    with torch.no_grad():
        encoder.patch.conv.weight[:4] += 1.0  # rows that every width uses
    assert not torch.equal(encoder.importance(image, 0.25), before)


def test_a_narrow_width_ignores_the_channels_of_wider_ones() -> None:
    encoder, image = small_encoder(), torch.randn(1, 3, 32, 32)
    before = encoder.importance(image, 0.25)
    with torch.no_grad():
        encoder.patch.conv.weight[4:] += 1.0
        encoder.down16.conv.weight[:, 4:] += 1.0
        encoder.to_importance.weight[:, 4:] += 1.0
    assert torch.equal(encoder.importance(image, 0.25), before)


def test_the_widest_width_reaches_every_convolution_with_its_gradient() -> None:
    encoder = small_encoder().train()
    encoder.importance(torch.randn(2, 3, 64, 64), 1.0).square().sum().backward()
    without = [name for name, parameter in encoder.named_parameters()
               if ('conv' in name or 'importance' in name)
               and (parameter.grad is None or not parameter.grad.any())]
    assert without == []


def test_a_coarser_rate_sends_the_same_levels_and_smaller_symbols() -> None:
    encoder, image = small_encoder(), torch.randn(1, 3, 64, 64)
    fine, coarse = (encoder(image, 1.0, rate_gain(small_config(), 1.0, rate)) for rate in (0, 1))
    assert torch.equal(fine[:, 0], coarse[:, 0])
    assert 0 < coarse[:, 1:].abs().sum() < fine[:, 1:].abs().sum()


def test_an_unknown_width_is_refused() -> None:
    with pytest.raises(ValueError, match='not in'):
        small_encoder()(torch.zeros(1, 3, 32, 32), 0.3, rate_gain(small_config(), 1.0, 0))
