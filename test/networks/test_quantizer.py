"""Rounding: small values to zero, large ones within eight bits, levels as they are."""

from dataclasses import replace
from itertools import pairwise

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


def test_a_rate_changes_the_gain_of_every_channel() -> None:
    config = replace(small_config(), rate_gains=((1.0, 0.6, 0.36, 0.216, 1.6),) * 4)
    gains = [rate_gain(config, 0.5, rate) for rate in range(5)]
    assert all(gain.shape == (config.latent_channels,) for gain in gains)
    of_default, *coarser, finest = gains
    for finer, coarse in pairwise((of_default, *coarser)):
        assert (coarse < finer).all()
    assert (finest > of_default).all()


def test_padding_adds_channels_of_zeros_behind_those_that_were_sent() -> None:
    symbols = torch.randn(2, 3, 4, 5)
    padded = pad_channels(symbols, 7)
    assert padded.shape == (2, 7, 4, 5)
    assert torch.equal(padded[:, :3], symbols)
    assert not padded[:, 3:].any()
