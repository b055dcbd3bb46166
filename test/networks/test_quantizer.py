"""Rounding with gains, and the bits that training counts."""

import pytest

torch = pytest.importorskip('torch')

from slim_split_ros.networks.quantizer import Quantizer, dequantize, quantize  # noqa: E402
from support.small_networks import small_config  # noqa: E402

pytestmark = pytest.mark.torch


def test_symbols_come_back_within_half_a_step() -> None:
    latent = 5 * torch.randn(1, 3, 4, 4)
    gain = torch.tensor([1.0, 0.5, 2.0])
    back = dequantize(quantize(latent, gain), 1.0 / gain[None])
    assert ((back - latent).abs() <= 0.5 / gain[None, :, None, None] + 1e-5).all()


def test_symbols_never_leave_int8() -> None:
    assert quantize(torch.full((1, 1, 1, 1), 1e9), torch.ones(1)).item() == 127


def test_the_gradient_passes_rounding_unchanged() -> None:
    latent = torch.randn(1, 8, 2, 2, requires_grad=True)
    Quantizer(small_config())(latent, 3, 1).latent.sum().backward()
    assert torch.allclose(latent.grad, torch.ones_like(latent))


def test_bits_fall_when_symbols_come_closer_to_zero() -> None:
    quantizer = Quantizer(small_config())
    few, many = (quantizer(torch.full((1, 8, 4, 4), value), 3, 0) for value in (0.0, 9.0))
    assert 0 < few.symbol_bits.item() < many.symbol_bits.item()
    assert few.noisy_bits.item() < many.noisy_bits.item()


def test_only_the_noisy_bits_have_a_gradient() -> None:
    latent = torch.randn(1, 8, 4, 4, requires_grad=True)
    quantized = Quantizer(small_config())(latent, 3, 0)
    assert not quantized.symbol_bits.requires_grad
    quantized.noisy_bits.sum().backward()
    assert latent.grad.abs().sum() > 0


def test_a_coarser_rate_costs_fewer_bits() -> None:
    quantizer = Quantizer(small_config())
    latent = 4 * torch.randn(1, 8, 8, 8, generator=torch.Generator().manual_seed(1))
    bits = [quantizer(latent, 3, rate).symbol_bits.item() for rate in range(2)]
    assert bits[1] < bits[0]
