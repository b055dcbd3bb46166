"""Rounding: small values to zero, large ones within eight bits, levels as they are."""

import pytest

torch = pytest.importorskip('torch')

from slim_split_ros.networks.config import MEANS  # noqa: E402
from slim_split_ros.networks.quantizer import pad_channels, quantize, rate_gain  # noqa: E402
from support.small_networks import small_config  # noqa: E402

pytestmark = pytest.mark.torch


def ramp(channels: int = 5) -> torch.Tensor:
    """Return coefficients (1, channels, 1, 4001) that rise from -20 to 20 in every channel."""
    return torch.linspace(-20, 20, 4001).expand(1, channels, 1, -1)


def test_means_are_rounded_to_the_nearest_symbol() -> None:
    means = ramp()[:, :MEANS]
    assert (quantize(ramp())[:, :MEANS] - means).abs().max() < 0.501


def test_other_symbols_come_back_within_a_step_and_mostly_smaller() -> None:
    others, symbols = ramp()[:, MEANS:], quantize(ramp())[:, MEANS:]
    assert torch.equal(symbols, symbols.round())
    assert (symbols - others).abs().max() < 1
    assert symbols.abs().sum() < others.round().abs().sum()


def test_positive_and_negative_values_are_rounded_alike() -> None:
    assert torch.equal(quantize(-ramp()), -quantize(ramp()))


def test_symbols_never_leave_int8() -> None:
    extremes = torch.tensor([1e9, -1e9]).view(1, 1, 1, 2)
    assert quantize(extremes).flatten().tolist() == [127, -127]


def test_every_rate_is_coarser_than_the_one_before_but_leaves_levels() -> None:
    config = small_config()
    fine, coarse = rate_gain(config, 0), rate_gain(config, 1)
    assert fine.shape == (config.latent_channels,)
    assert fine[0] == coarse[0] == 1.0
    assert (coarse[1:] < fine[1:]).all()


def test_padding_adds_channels_of_zeros_behind_those_that_were_sent() -> None:
    symbols = torch.randn(2, 3, 4, 5)
    padded = pad_channels(symbols, 7)
    assert padded.shape == (2, 7, 4, 5)
    assert torch.equal(padded[:, :3], symbols)
    assert not padded[:, 3:].any()
