"""
What does the founding paper's system compute? Up to four equal encoders whose outputs are added.

How many members run sets the computation, how many bits a value has sets the bytes: 4 x 4 modes
of one set of weights, and one decoder for all of them.

Source: Slimmable Encoders for Flexible Split DNNs, arXiv 2306.12691; the layers are those of
github.com/jsiloto/adaptive-cod-on-device, branch `threads`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from slim_split_ros.networks.backbone import level_channels
from slim_split_ros.networks.config import ModelConfig
from slim_split_ros.networks.detector import Detector, Prediction

MEMBERS = 4
MEMBER_WEIGHTS = (1.0, 1.0, 0.5, 0.25)
LATENT_CHANNELS = 6
LATENT_STRIDE = 4
MOST_BITS = 4
NORM_EPSILON = 1e-3  # EfficientNet's
EXPANSION = 6
DECODER_CHANNELS = 24  # at stride 4
DECODER_BLOCKS = 3  # at stride 8, with as many channels as the detector's features


class EnsembleDetector(nn.Module):
    """Hold the paper's encoder and decoder, and the server's detector behind them."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = EnsembleEncoder()
        self.decoder = EnsembleDecoder(level_channels(config.backbone_width)[0])
        self.detector = Detector(config)

    def decode(self, symbols: Tensor, inverse_gain: Tensor, width_index: Tensor) -> Prediction:
        """
        Detect from symbols int8 (N, 6, h, w) and steps (N, 6).

        The decoder is not told how many members ran. The width index (N,) enters times zero,
        so that graphs of every codec have the same inputs.
        """
        ignored = 0.0 * width_index.to(inverse_gain.dtype)[:, None]  # N, 1
        latent = dequantize(symbols, inverse_gain + ignored)
        return self.detector.from_features(self.decoder(latent))


class EnsembleEncoder(nn.Module):
    """Map a normalized picture to the weighted sum of the first members' outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.members = nn.ModuleList(Member() for _ in range(MEMBERS))
        self.register_buffer('weights', torch.tensor(MEMBER_WEIGHTS), persistent=False)

    def forward(self, image: Tensor, members: int) -> Tensor:
        """Map (N, 3, H, W), multiples of 32, to latents (N, 6, H/4, W/4) in -1 to 1."""
        parts = [weight * member(image) for weight, member in zip(
            MEMBER_WEIGHTS[:members], self.members, strict=False)]
        return sum(parts[1:], parts[0]).tanh()

    def mixed(self, image: Tensor, members: Tensor) -> Tensor:
        """Map (N, 3, H, W), each row with its own number of members (N,), as in training."""
        outputs = torch.stack([member(image) for member in self.members])  # M, N, 6, h, w
        runs = torch.arange(MEMBERS, device=members.device)[:, None] < members[None]  # M, N
        weights = self.weights[:, None] * runs
        return (weights[..., None, None, None] * outputs).sum(0).tanh()


class Member(nn.Sequential):
    """One encoder: a quarter of the channels of EfficientNet-B2's first stages."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(3, 6, 3, stride=2, bias=False),  # no padding: 416 to 207
            nn.BatchNorm2d(6, eps=NORM_EPSILON),
            EnsembleBlock(6, 6, 4),
            EnsembleBlock(4, 4, 4, adds=True),
            EnsembleBlock(4, 24, 6, stride=2),
            EnsembleBlock(6, 36, 6, adds=True),
            EnsembleBlock(6, 36, LATENT_CHANNELS),
        )


class EnsembleBlock(nn.Module):
    """Widen by a full 3x3 convolution, gate the channels, narrow; statistics of the frame."""

    def __init__(self, channels_in: int, wide: int, channels_out: int, *, stride: int = 1,
                 adds: bool = False) -> None:
        super().__init__()
        self.widen = nn.Conv2d(channels_in, wide, 3, stride, 1, bias=False)
        self.norm = FrameNorm(wide, NORM_EPSILON)
        self.gate = Gate(wide, max(1, channels_in // 4))
        self.narrow = nn.Conv2d(wide, channels_out, 1, bias=False)
        self.exit_norm = FrameNorm(channels_out, NORM_EPSILON)
        self.adds = adds

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels_in, H, W) to (N, channels_out, H/stride, W/stride), rounded up."""
        wide = self.gate(nn.functional.silu(self.norm(self.widen(x))))
        narrow = self.exit_norm(self.narrow(wide))
        return x + narrow if self.adds else narrow


class FrameNorm(nn.InstanceNorm2d):
    """Normalize each channel of each frame; in single precision, as its sums are long."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return super().forward(x.float())


class Gate(nn.Module):
    """Scale channels by what the whole frame holds. Source: arXiv 1709.01507."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, hidden, 1)
        self.excite = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        mean = x.mean((2, 3), keepdim=True)
        return x * self.excite(nn.functional.silu(self.squeeze(mean))).sigmoid()


class EnsembleDecoder(nn.Sequential):
    """Map latents (N, 6, h, w) to the detector's features (N, C, h/2, w/2)."""

    def __init__(self, features: int) -> None:
        fine = DECODER_CHANNELS
        super().__init__(
            EnsembleBlock(LATENT_CHANNELS, EXPANSION * LATENT_CHANNELS, fine),
            EnsembleBlock(fine, EXPANSION * fine, features, stride=2),
            *(EnsembleBlock(features, EXPANSION * features, features, adds=True)
              for _ in range(DECODER_BLOCKS)),
            # Norms leave every channel with unit deviation; features are not so.
            nn.Conv2d(features, features, 1),
        )


def gain_of_bits(bits: int) -> float:
    """
    Return the symbols per latent unit that give 2**bits of them between -1 and 1.

    >>> [gain_of_bits(bits) for bits in (1, 4)]
    [1.0, 8.0]
    """
    return 2.0 ** (bits - 1)


def bits_of_rate(rate: int) -> int:
    """Return the bits of a value at a rate: 4 at rate 0, 1 at rate 3."""
    return MOST_BITS - rate


def quantize(latent: Tensor, gain: Tensor) -> Tensor:
    """Return int8 symbols (N, C, h, w), from -gain to gain - 1, under (C,) or (N, C)."""
    return _steps(latent, gain[..., None, None]).to(torch.int8)


def dequantize(symbols: Tensor, inverse_gain: Tensor) -> Tensor:
    """Return the middle of each symbol's interval (N, C, h, w) under steps (N, C)."""
    return (symbols.float() + 0.5) * inverse_gain[..., None, None]


def quantize_through(latent: Tensor, gain: Tensor) -> Tensor:
    """Return latents as the server gets them, under (N, C), with the gradient of the identity."""
    received = dequantize(_steps(latent, gain[..., None, None]), 1.0 / gain)
    return latent + (received - latent).detach()


def _steps(latent: Tensor, gain: Tensor) -> Tensor:
    return torch.minimum(torch.maximum((latent * gain).floor(), -gain), gain - 1.0)
