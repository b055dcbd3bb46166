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
    quantizer = Quantizer(small_config()).train()
    latent = torch.randn(1, 8, 2, 2, requires_grad=True)
    value, _ = quantizer(latent, 3, 1)
    value.sum().backward()
    assert torch.allclose(latent.grad, torch.ones_like(latent))


def test_bits_fall_when_symbols_come_closer_to_zero() -> None:
    quantizer = Quantizer(small_config()).eval()
    _, few = quantizer(torch.zeros(1, 8, 4, 4), 3, 0)
    _, many = quantizer(torch.full((1, 8, 4, 4), 9.0), 3, 0)
    assert 0 < few.item() < many.item()


def test_a_coarser_rate_costs_fewer_bits() -> None:
    quantizer = Quantizer(small_config()).eval()
    latent = 4 * torch.randn(1, 8, 8, 8, generator=torch.Generator().manual_seed(1))
    bits = [quantizer(latent, 3, rate)[1].item() for rate in range(2)]
    assert bits[1] < bits[0]
