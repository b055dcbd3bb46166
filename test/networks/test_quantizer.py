"""Rounding: small values to zero, large ones within eight bits, levels as they are."""

import pytest

torch = pytest.importorskip('torch')

from slim_split_ros.networks.quantizer import pad_channels, quantize, rate_gain  # noqa: E402
from support.small_networks import small_config  # noqa: E402

pytestmark = pytest.mark.torch


def test_symbols_come_back_within_a_step_and_mostly_smaller() -> None:
    values = torch.linspace(-20, 20, 4001)
    symbols = quantize(values)
    assert torch.equal(symbols, symbols.round())
    assert (symbols - values).abs().max() < 0.59
    assert symbols.abs().sum() < values.round().abs().sum()


def test_positive_and_negative_values_are_rounded_alike() -> None:
    values = torch.linspace(0, 20, 4001)
    assert torch.equal(quantize(-values), -quantize(values))


def test_symbols_never_leave_int8() -> None:
    assert quantize(torch.tensor([1e9, -1e9])).tolist() == [127, -127]


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
